//! Drawn fields.

use karyolens::field::formats::read_contours;
use karyolens::field::measure::{grey_level, measure};
use karyolens::field::{Contour, LabelMap};
use karyolens::image::{FieldPlan, Mask, PictureKind, decode, render_field};
use tempfile::TempDir;

use crate::support::{karyolens_with, stderr, stdout};

const PLAN: FieldPlan = FieldPlan {
    width: 640,
    height: 480,
    nuclei: 60,
    seed: 4,
};

fn contours(outlines: &[Vec<[f64; 2]>]) -> Vec<Contour> {
    let outlines = outlines.iter().enumerate();
    outlines
        .map(|(id, points)| Contour::new(id, points.clone()))
        .collect()
}

#[test]
fn a_field_is_the_same_for_the_same_plan() {
    let field = render_field(PLAN);
    assert_eq!(field, render_field(PLAN));
    assert_ne!(field, render_field(FieldPlan { seed: 5, ..PLAN }));
    assert_eq!(field.picture.dimensions(), (640, 480));
    assert_eq!(field.nuclei.len(), 60);
    assert!(field.others.len() > 10);
    assert_eq!(PictureKind::of(&field.picture), Ok(PictureKind::Field));
}

#[test]
fn outlines_are_those_of_the_drawn_nuclei() {
    let field = render_field(PLAN);
    let nuclei = contours(&field.nuclei);
    let labels = LabelMap::new(&nuclei, [640, 480]);
    let mut sizes = Vec::new();
    for (label, (contour, measured)) in
        (1..).zip(nuclei.iter().zip(measure(&field.picture, &nuclei)))
    {
        let mask = Mask::new(&contour.points, [640, 480]).unwrap();
        let (mut around, mut count) = (0.0, 0.0);
        // The ring outside is brighter than the nucleus.
        for (x, y) in (mask.rows().start.saturating_sub(3)..(mask.rows().end + 3).min(480))
            .flat_map(|y| {
                (mask.columns().start.saturating_sub(3)..(mask.columns().end + 3).min(640))
                    .map(move |x| (x, y))
            })
        {
            if labels.labels()[(y * 640 + x) as usize] == 0 {
                around += grey_level(field.picture.get_pixel(x, y).0);
                count += 1.0;
            }
        }
        let measured = measured.unwrap();
        assert!(measured.intensity_mean + 40.0 < around / count, "{label}");
        // No nucleus lies under another one: the label map shows all of it but some pixels of the border.
        let shown = labels
            .labels()
            .iter()
            .filter(|&&shown| shown == label)
            .count();
        assert!(shown as f64 >= 0.9 * measured.area, "{label}");
        sizes.push(measured.axis_major_length);
    }
    sizes.sort_by(f64::total_cmp);
    assert!((25.0..38.0).contains(&sizes[30]), "{}", sizes[30]);
}

#[test]
fn a_plan_without_room_draws_fewer() {
    let crowded = FieldPlan {
        width: 100,
        height: 80,
        nuclei: 500,
        seed: 1,
    };
    let drawn = render_field(crowded).nuclei.len();
    assert!((3..40).contains(&drawn), "{drawn}");
    let tiny = FieldPlan {
        width: 1,
        height: 1,
        ..crowded
    };
    assert_eq!(render_field(tiny).picture.dimensions(), (1, 1));
}

#[test]
fn the_command_writes_the_field_and_its_outlines() {
    let folder = TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (image, size) = (path("drawn.png"), "320x240");
    let arguments = [
        "render", "--field", "--nuclei", "12", "--size", size, "-o", &image,
    ];
    stdout(&karyolens_with(&arguments));
    let picture = decode(&std::fs::read(&image).unwrap()).unwrap();
    assert_eq!(picture.dimensions(), (320, 240));
    let read = |name: &str| read_contours(&std::fs::read(path(name)).unwrap()).unwrap();
    assert_eq!(read("drawn_contours.json").len(), 12);
    assert!(!read("drawn_left_out.json").is_empty());
    let told = stderr(&karyolens_with(&[
        "render", "--field", "--size", "320", "-o", &image,
    ]));
    assert!(told.contains("1024x768"), "{told}");
}
