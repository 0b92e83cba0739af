//! A classifier's heat maps.

use ::image::RgbImage;

use super::heat_map::{HeatMap, Region};
use super::looks::{Looks, moved};
use crate::classify::{BATCH, Classifier, ClassifyError};
use crate::image::{CellImage, decode};
use crate::model::Evidence;

impl Classifier {
    /// The bytes of one image file and a feature, counted from 0 → which parts of the cell spoke
    /// for it.
    ///
    /// # Errors
    /// [`ClassifyError`], as [`read`](Self::read); [`ClassifyError::NoFeature`].
    pub async fn explain(&self, file: &[u8], feature: usize) -> Result<HeatMap, ClassifyError> {
        self.explain_cell(&CellImage::recognised(decode(file)?)?, feature)
            .await
    }

    /// The same of a cell image.
    ///
    /// # Errors
    /// [`ClassifyError::NoFeature`], also for a backbone without a head,
    /// [`ClassifyError::Device`] and [`ClassifyError::NotANumber`].
    pub async fn explain_cell(
        &self,
        cell: &CellImage,
        feature: usize,
    ) -> Result<HeatMap, ClassifyError> {
        let card = self.card();
        let features = card.task.features.names();
        let Some(name) = features.get(feature) else {
            return Err(ClassifyError::NoFeature {
                feature,
                features: features.len(),
            });
        };
        let looks = Looks::new(&card.architecture, card.task.input.side as usize);
        let Looks { seen, places, .. } = looks;
        // The share of each place of a look in this feature's logit.
        let of_feature = |evidence: &Evidence| -> Vec<f32> {
            let shares = evidence.shares.chunks_exact(features.len());
            shares.map(|shares| shares[feature]).collect()
        };

        let picture = card.task.input.resized(cell);
        let blank = RgbImage::from_pixel(picture.width(), picture.height(), CellImage::WHITE);
        let both = self.evidence(&[picture.clone(), blank]).await?;
        let logit = of_feature(&both[0]).iter().sum::<f32>() + both[0].rest[feature];
        let blank_shares = of_feature(&both[1]);

        // A place of a blank canvas differs from the mean of all by its position alone.
        let blank_mean = blank_shares.iter().sum::<f32>() / (seen * seen) as f32;
        let mut values = vec![0.0; places * places];
        let mut looked = vec![0; places * places];
        for some in looks.all().chunks(BATCH) {
            let pictures: Vec<_> = some.iter().map(|look| moved(&picture, *look)).collect();
            let found = self.evidence(&pictures).await?;
            for ([across, down], evidence) in some.iter().zip(&found) {
                let shares = of_feature(evidence);
                for i in 0..seen * seen {
                    let (row, column) = (i / seen, i % seen);
                    if let (Some(row), Some(column)) =
                        (looks.place(*down, row), looks.place(*across, column))
                    {
                        let at = row * places + column;
                        values[at] += shares[i] - (blank_shares[i] - blank_mean);
                        looked[at] += 1;
                    }
                }
            }
        }
        // The mean of the looks at a place, scaled from the area of a look's place to that of the map's.
        let area = (seen * seen) as f32 / (places * places) as f32;
        for (value, looked) in values.iter_mut().zip(looked) {
            *value *= area / looked.max(1) as f32;
        }
        let (edge, window) = card.task.input.window(cell);
        Ok(HeatMap {
            feature: name.clone(),
            width: places,
            height: places,
            rest: logit - values.iter().sum::<f32>(),
            values,
            logit,
            region: Region {
                left: edge,
                top: edge,
                side: window,
            },
        })
    }
}
