//! From a field and the contours of its nuclei to the features of each.

use super::{CellFeature, FieldCell, MicrometresPerPixel};
use crate::classify::{Classifier, ClassifyError, Prediction};
use crate::image::{RgbImage, crop};

/// Nuclei that are cut out at a time: a bound on memory, whatever the field holds.
const CHUNK: usize = 64;

/// Pixels of a cell image for one pixel of a field, so that nuclei come to `classifier` as large as those
/// that it was trained on. Without `scale` the field is taken for one of the study's scale.
pub fn cell_scale(classifier: &Classifier, scale: Option<MicrometresPerPixel>) -> f32 {
    let enlargement = scale.map(|scale| scale.enlargement_to(MicrometresPerPixel::OF_THE_STUDY));
    classifier.card().task.input.cell_scale * enlargement.unwrap_or(1.0) as f32
}

/// Names the features of a field's nuclei. Answers stay with their features, and `model`, the SHA-256 of
/// the classifier's checkpoint, is noted. Cells whose contour surrounds nothing of the field stay as they are.
///
/// # Errors
/// [`ClassifyError::NoHead`], [`ClassifyError::Device`] and [`ClassifyError::NotANumber`].
pub async fn read_cells(
    classifier: &Classifier,
    field: &RgbImage,
    mut cells: Vec<FieldCell>,
    scale: Option<MicrometresPerPixel>,
    model: Option<&str>,
) -> Result<Vec<FieldCell>, ClassifyError> {
    let scale = cell_scale(classifier, scale);
    for cells in cells.chunks_mut(CHUNK) {
        let (mut images, mut read) = (Vec::new(), Vec::new());
        for cell in cells {
            if let Some(image) = crop(field, &cell.contour.points, scale) {
                images.push(image);
                read.push(cell);
            }
        }
        let predictions = classifier.classify_cells(&images).await?;
        for (cell, prediction) in read.into_iter().zip(predictions) {
            cell.features = features(prediction, &cell.features);
            cell.model = model.map(String::from);
        }
    }
    Ok(cells)
}

/// The features of a prediction, with the answers that a person has given before.
fn features(prediction: Prediction, before: &[CellFeature]) -> Vec<CellFeature> {
    let answer = |name: &str| before.iter().find(|feature| feature.name == name)?.answer;
    let feature = prediction.features.into_iter().map(|feature| CellFeature {
        probability: Some(shortest(feature.probability)),
        call: Some(feature.present),
        answer: answer(&feature.name),
        name: feature.name,
    });
    feature.collect()
}

/// The number with the fewest digits that is this one in 32 bits: 0.1, not 0.10000000149011612.
fn shortest(value: f32) -> f64 {
    value.to_string().parse().unwrap_or_else(|_| value.into())
}
