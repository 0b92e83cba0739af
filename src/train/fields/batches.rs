//! The batches of outlined fields: varied views of fields to learn from, whole fields to validate on.
//!
//! The order of an epoch and each view follow from the seed, the epoch and the position alone.

use std::sync::Arc;

use burn::data::dataset::DatasetError;
use burn::tensor::{Device, Tensor, TensorData};
use rand::seq::SliceRandom;
use rand::{Rng, RngExt};

use super::data::{Field, Outline};
use super::looks::Looks;
use super::loss::Wanted;
use super::paste::Seen;
use super::targets::Targets;
use super::view::{View, Views};
use crate::image::TileSpec;
use crate::model::{Answer, Segmenter, Trainable};
use crate::train::run::{Place, Source, random};

/// Pictures on the device, each a batch of one: fields may differ in size.
pub struct FieldBatch {
    /// The pictures.
    pub examples: Vec<Example>,
}

/// A picture and the wanted answer.
pub struct Example {
    /// `[1, 3, height, width]`, normalised.
    pub image: Tensor<4>,
    /// The wanted answer.
    pub wanted: Wanted,
    /// The outlines of the nuclei to be read.
    pub nuclei: Arc<Vec<Outline>>,
}

/// How training varies its pictures.
#[derive(Clone, Debug)]
pub struct Variation {
    /// Views of each field an epoch.
    pub views_each: usize,
    /// Side of a view in pixels.
    pub side: usize,
    /// Their geometry.
    pub views: Views,
    /// Their looks.
    pub looks: Looks,
    /// The run's seed.
    pub seed: u64,
}

/// The fields of one part of the data.
pub struct FieldSource {
    fields: Vec<Field>,
    input: TileSpec,
    rays: usize,
    /// `None` shows every field once, whole and as it is.
    variation: Option<Variation>,
}

/// A picture before it is on the device.
pub struct Prepared {
    /// `[channel, row, column]`, normalised.
    image: Vec<f32>,
    targets: Targets,
    /// `[places, 2]`.
    masks: Vec<f32>,
    /// Columns and rows of places.
    places: [usize; 2],
    nuclei: Arc<Vec<Outline>>,
}

impl FieldSource {
    /// Batches of `fields` for a network that takes `input`.
    pub fn new(
        fields: Vec<Field>,
        input: TileSpec,
        rays: usize,
        variation: Option<Variation>,
    ) -> Self {
        Self {
            fields,
            input,
            rays,
            variation,
        }
    }

    fn views_each(&self) -> usize {
        let variation = self.variation.as_ref();
        variation.map_or(1, |variation| variation.views_each)
    }

    /// A varied view of a field.
    fn view(&self, field: &Field, variation: &Variation, path: &[u64]) -> Prepared {
        let mut random = random(variation.seed, path);
        let side = variation.side;
        let (view, mut seen) = self.seen(field, variation, &mut random);
        let left_out = field
            .left_out
            .as_ref()
            .map(|outlines| view.outlines(outlines));
        if random.random_bool(variation.views.pasted.into()) {
            let (_, other) = self.seen(field, variation, &mut random);
            seen.paste(&other, left_out.as_deref().unwrap_or_default(), &mut random);
        }
        let Seen {
            mut pixels, nuclei, ..
        } = seen;
        variation.looks.vary(&mut pixels, side, &mut random);
        let is_inside = |point| view.is_inside(field, point);
        self.prepared(&pixels, [side; 2], nuclei, left_out, is_inside)
    }

    /// Any view of a field, as it looks without further variation.
    fn seen(&self, field: &Field, variation: &Variation, random: &mut impl Rng) -> (View, Seen) {
        let (width, height) = field.picture.dimensions();
        let side = variation.side;
        let view = variation.views.draw([width, height], side, random);
        let outside = self.input.mean.map(|value| 255.0 * value);
        let seen = Seen {
            side,
            pixels: view.pixels(field, outside),
            nuclei: view.outlines(&field.nuclei),
        };
        (view, seen)
    }

    /// A whole field as the network takes it, `[1, 3, height, width]`.
    pub fn whole_image(&self, field: &Field, device: &Device) -> Tensor<4> {
        let mut batch = self.batch(vec![self.whole(field)], device);
        batch.examples.remove(0).image
    }

    /// A whole field; beyond its right and lower edge it is filled up with the mean colour.
    fn whole(&self, field: &Field) -> Prepared {
        let (width, height) = field.picture.dimensions();
        let sides = [width, height]
            .map(|side| (side as usize).next_multiple_of(Segmenter::<Trainable>::SIDES));
        let outside = self.input.mean.map(|value| 255.0 * value);
        let pixel = |x: usize, y: usize| match field.picture.get_pixel_checked(x as u32, y as u32) {
            Some(pixel) => pixel.0.map(f32::from),
            None => outside,
        };
        let pixels: Vec<[f32; 3]> = (0..sides[1])
            .flat_map(|y| (0..sides[0]).map(move |x| (x, y)))
            .map(|(x, y)| pixel(x, y))
            .collect();
        let is_inside = |[x, y]: [f32; 2]| x < width as f32 && y < height as f32;
        let (nuclei, left_out) = (field.nuclei.clone(), field.left_out.clone());
        self.prepared(&pixels, sides, nuclei, left_out, is_inside)
    }

    fn prepared(
        &self,
        pixels: &[[f32; 3]],
        sides: [usize; 2],
        nuclei: Vec<Outline>,
        left_out: Option<Vec<Outline>>,
        is_inside: impl Fn([f32; 2]) -> bool,
    ) -> Prepared {
        let image = (0..3).flat_map(|channel| {
            let (mean, std) = (self.input.mean[channel], self.input.std[channel]);
            pixels
                .iter()
                .map(move |pixel| (pixel[channel] / 255.0 - mean) / std)
        });
        let image = image.collect();
        let places = sides.map(|side| side / Answer::STRIDE);
        let mut masks = Vec::new();
        for row in 0..places[1] {
            for column in 0..places[0] {
                let inside = is_inside(crate::field::found::middle([column, row]));
                masks.push(f32::from(inside));
                masks.push(f32::from(inside && left_out.is_some()));
            }
        }
        let left_out = left_out.unwrap_or_default();
        Prepared {
            image,
            targets: Targets::new(&nuclei, &left_out, places, self.rays),
            masks,
            places,
            nuclei: Arc::new(nuclei),
        }
    }
}

impl Source for FieldSource {
    const ITEMS: &'static str = "views";

    type Batch = FieldBatch;
    type Prepared = Vec<Prepared>;

    fn items(&self) -> usize {
        self.fields.len() * self.views_each()
    }

    fn order(&self, epoch: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.items()).map(|i| i / self.views_each()).collect();
        if let Some(variation) = &self.variation {
            // Apart from every view's own source.
            order.shuffle(&mut random(variation.seed, &[epoch as u64, u64::MAX]));
        }
        order
    }

    fn prepare(&self, items: &[usize], place: Place) -> Result<Vec<Prepared>, DatasetError> {
        let prepared = items.iter().enumerate().map(|(i, &item)| {
            let field = &self.fields[item];
            match &self.variation {
                Some(variation) => {
                    let position = (place.position + i) as u64;
                    self.view(field, variation, &[place.epoch as u64, position])
                }
                None => self.whole(field),
            }
        });
        Ok(prepared.collect())
    }

    fn batch(&self, prepared: Vec<Prepared>, device: &Device) -> FieldBatch {
        let examples = prepared.into_iter().map(|prepared| {
            let [columns, rows] = prepared.places;
            let of_places = |values: Vec<f32>| {
                let channels = values.len() / (rows * columns);
                let data = TensorData::new(values, [1, rows, columns, channels]);
                Tensor::from_data(data, device)
            };
            let [width, height] = [columns, rows].map(|places| places * Answer::STRIDE);
            let image = TensorData::new(prepared.image, [1, 3, height, width]);
            Example {
                image: Tensor::from_data(image, device),
                wanted: Wanted {
                    probabilities: of_places(prepared.targets.probabilities),
                    masks: of_places(prepared.masks),
                    rays: of_places(prepared.targets.rays),
                },
                nuclei: prepared.nuclei,
            }
        });
        FieldBatch {
            examples: examples.collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use ::image::{Rgb, RgbImage};

    use super::*;

    const RAYS: usize = 8;

    /// Two fields of 80 × 64 pixels, a square nucleus in each.
    fn source(variation: Option<Variation>) -> FieldSource {
        let field = |level: u8| Field {
            name: level.to_string(),
            picture: RgbImage::from_fn(80, 64, |x, y| Rgb([level, (3 * x) as u8, (2 * y) as u8])),
            nuclei: vec![vec![[20.0, 20.0], [50.0, 20.0], [50.0, 50.0], [20.0, 50.0]]],
            left_out: None,
        };
        let input = TileSpec {
            side: 64,
            scale: 1.0,
            micrometres_per_pixel: None,
            mean: [0.5; 3],
            std: [0.25; 3],
        };
        FieldSource::new(vec![field(40), field(200)], input, RAYS, variation)
    }

    fn varied() -> FieldSource {
        let views = Views {
            pasted: 0.5,
            ..Views::default()
        };
        let variation = Variation {
            views_each: 3,
            side: 64,
            views,
            looks: Looks::default(),
            seed: 7,
        };
        source(Some(variation))
    }

    fn place(epoch: usize, position: usize) -> Place {
        Place {
            epoch,
            position,
            share: 1.0,
            is_frozen: false,
        }
    }

    #[test]
    fn a_view_follows_from_seed_epoch_and_position() {
        let images = |epoch: usize, position: usize| -> Vec<Vec<f32>> {
            let source = varied();
            let items = &source.order(epoch)[position..position + 2];
            let prepared = source
                .prepare(items, place(epoch, position))
                .expect("views");
            prepared.into_iter().map(|view| view.image).collect()
        };
        assert_eq!(images(1, 0), images(1, 0));
        assert_eq!(images(1, 0)[1], images(1, 1)[0]);
        assert_ne!(images(1, 0), images(2, 0));
        let mut order = varied().order(4);
        order.sort();
        assert_eq!(order, [0, 0, 0, 1, 1, 1]);
    }

    #[test]
    fn a_whole_field_is_filled_up_with_the_mean_colour() {
        let source = source(None);
        assert_eq!(source.order(1), [0, 1]);
        let whole = source
            .prepare(&[0], place(1, 0))
            .expect("a field")
            .remove(0);
        // 96 × 64 pixels, in 24 × 16 places.
        assert_eq!(whole.places, [24, 16]);
        assert_eq!(whole.image.len(), 3 * 96 * 64);
        assert_eq!(whole.image[95], 0.0);
        assert!((whole.image[0] - (40.0 / 255.0 - 0.5) / 0.25).abs() < 1e-6);
        // Of the places to the right none counts; nobody outlined objects to be left out.
        let masks = |column: usize| &whole.masks[2 * column..][..2];
        assert_eq!(masks(19), [1.0, 0.0]);
        assert_eq!(masks(20), [0.0, 0.0]);
    }
}
