//! A whole drawn field: nuclei in groups, red cells and smudges, with their true outlines.
//!
//! Sizes and colours follow the study's fields. Everything is placed in pixels of a cell image, in which
//! [`Nucleus`] is drawn, and the field shows it smaller. `canvas` holds the light that comes through.

mod canvas;

use ::image::RgbImage;

use super::nucleus::{Inclusion, Nucleus};
use super::random::Random;
use super::{STAINS, caption};
use canvas::Canvas;

/// The half length of a nucleus in pixels of a cell image: 30 px of the field from end to end.
const RADIUS: [f32; 2] = [25.0, 40.0];
/// The radius of a red cell, whose 7 µm are 22 px of the study's fields.
const RED_CELL_RADIUS: [f32; 2] = [23.0, 25.0];
/// Red cells of one chain.
const CHAIN: [f32; 2] = [1.0, 9.0];
/// Optical densities of red cells, by stain and light.
const RED_CELLS: [[f32; 3]; 3] = [
    [0.25, 0.30, 0.14], // pale grey
    [0.55, 0.80, 0.70], // brown
    [0.80, 0.85, 0.55], // slate
];
/// Nuclei of one group.
const GROUP: [f32; 2] = [6.0, 20.0];
/// Places that are tried for an object before it is given up.
const TRIES: usize = 60;
/// Corners of a true outline.
const CORNERS: usize = 40;

/// The size and the contents of a drawn field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldPlan {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Nuclei to be drawn. Fewer are drawn where there is no room for more.
    pub nuclei: usize,
    /// Another number draws another field.
    pub seed: u64,
}

/// A drawn field and the outlines of the things in it: points `[x, y]` in pixels of the field, whole
/// numbers being the centres of pixels.
#[derive(Clone, Debug, PartialEq)]
pub struct SyntheticField {
    /// The photograph, with the word SYNTHETIC in its lower left corner.
    pub picture: RgbImage,
    /// The nuclei.
    pub nuclei: Vec<Vec<[f64; 2]>>,
    /// The red cells and smudges: things that nobody reads.
    pub others: Vec<Vec<[f64; 2]>>,
}

/// A disc that nothing else may enter.
struct Place {
    centre: [f32; 2],
    radius: f32,
}

/// Draws a field. The same plan gives the same field.
pub fn render_field(plan: FieldPlan) -> SyntheticField {
    let random = &mut Random(plan.seed);
    let mut canvas = Canvas::new(plan);
    let mut taken: Vec<Place> = Vec::new();
    let (mut nuclei, mut others) = (Vec::new(), Vec::new());
    let stain = STAINS[(random.next() % STAINS.len() as u64) as usize];
    while nuclei.len() < plan.nuclei {
        let wanted = (random.between(GROUP[0], GROUP[1]) as usize).min(plan.nuclei - nuclei.len());
        let group = group(wanted, canvas.size(), &mut taken, random);
        if group.is_empty() {
            break;
        }
        for place in group {
            let nucleus = nucleus(place, stain, random);
            canvas.cytoplasm(&nucleus, random);
            canvas.nucleus(&nucleus);
            nuclei.push(canvas.in_field(&nucleus.corners(CORNERS)));
        }
    }
    let area = canvas.size()[0] * canvas.size()[1];
    let red = RED_CELLS[(random.next() % RED_CELLS.len() as u64) as usize];
    for _ in 0..(area / 90_000.0) as usize {
        for Place { centre, radius } in chain(canvas.size(), &taken, random) {
            canvas.red_cell(centre, radius, red);
            others.push(canvas.in_field(&circle(centre, radius)));
        }
    }
    for _ in 0..(area / 600_000.0) as usize {
        let radius = random.between(30.0, 60.0);
        if let Some(centre) = free_place(1.3 * radius, canvas.size(), &taken, random) {
            let smudge = smudge(centre, radius, stain, random);
            taken.push(Place {
                centre,
                radius: 1.3 * radius,
            });
            canvas.smudge(&smudge, random);
            others.push(canvas.in_field(&smudge.corners(CORNERS)));
        }
    }
    let mut picture = canvas.picture(random);
    caption::write_in_corner(&mut picture);
    SyntheticField {
        picture,
        nuclei,
        others,
    }
}

/// Places for a group of nuclei that lie close together; none where there is no room left.
fn group(wanted: usize, size: [f32; 2], taken: &mut Vec<Place>, random: &mut Random) -> Vec<Place> {
    let mut found: Vec<Place> = Vec::new();
    let Some(middle) = free_place(RADIUS[1], size, taken, random) else {
        return found;
    };
    let mut reach = 0.0;
    while found.len() < wanted && reach < 12.0 * RADIUS[1] {
        let radius = random.between(RADIUS[0], RADIUS[1]);
        let (sin, cos) = random.angle().sin_cos();
        let centre = [middle[0] + reach * cos, middle[1] + reach * sin];
        // Some lie against their neighbour, as far as a seam.
        let gap = random.between(0.0, 6.0);
        let others = || taken.iter().chain(&found);
        if is_within(centre, radius, size) && others().all(|one| is_free(centre, radius + gap, one))
        {
            found.push(Place { centre, radius });
        } else {
            reach += 0.12 * RADIUS[0];
        }
    }
    // The caller draws them, and nothing else comes there.
    let places = found.iter().map(|place| Place { ..*place });
    taken.extend(places);
    found
}

/// Red cells that lie against each other, as they dry; none of them on a nucleus.
fn chain(size: [f32; 2], taken: &[Place], random: &mut Random) -> Vec<Place> {
    let mut found = Vec::new();
    let Some(mut centre) = free_place(RED_CELL_RADIUS[1], size, taken, random) else {
        return found;
    };
    let mut direction = random.angle();
    for _ in 0..random.between(CHAIN[0], CHAIN[1]) as usize {
        let radius = random.between(RED_CELL_RADIUS[0], RED_CELL_RADIUS[1]);
        if !taken.iter().all(|other| is_free(centre, radius, other)) {
            break;
        }
        found.push(Place { centre, radius });
        direction += random.between(-0.9, 0.9);
        let (sin, cos) = direction.sin_cos();
        centre = [
            centre[0] + 1.8 * radius * cos,
            centre[1] + 1.8 * radius * sin,
        ];
    }
    found
}

fn is_within([x, y]: [f32; 2], radius: f32, [width, height]: [f32; 2]) -> bool {
    // The outermost nuclei are cut by the border, as in a photograph.
    let margin = 0.3 * radius;
    (margin..width - margin).contains(&x) && (margin..height - margin).contains(&y)
}

fn is_free(centre: [f32; 2], radius: f32, other: &Place) -> bool {
    let apart = (centre[0] - other.centre[0]).hypot(centre[1] - other.centre[1]);
    apart > radius + other.radius
}

fn free_place(
    radius: f32,
    [width, height]: [f32; 2],
    taken: &[Place],
    random: &mut Random,
) -> Option<[f32; 2]> {
    (0..TRIES).find_map(|_| {
        let centre = [random.between(0.0, width), random.between(0.0, height)];
        let is_free = taken.iter().all(|other| is_free(centre, radius, other));
        is_free.then_some(centre)
    })
}

/// A nucleus that fills a place. Some show features.
fn nucleus(place: Place, stain: [f32; 3], random: &mut Random) -> Nucleus {
    // Waves add some hundredths to the radius.
    let long = 0.95 * place.radius;
    let radii = [long, long * random.between(0.72, 0.95)];
    let stain = stain.map(|full| full * random.between(0.8, 1.05));
    let mut nucleus = Nucleus::new(place.centre, radii, stain, random);
    let one_in = |count: u64, random: &mut Random| random.next().is_multiple_of(count);
    nucleus.is_glassy = one_in(6, random);
    if one_in(4, random) {
        let side = random.sign();
        nucleus.grooves.push((
            side * random.between(0.0, 0.3),
            side * random.between(0.1, 0.3),
        ));
    }
    if one_in(15, random) {
        nucleus.inclusion = Some(Inclusion {
            along: long * random.between(0.1, 0.35) * random.sign(),
            across: 0.0,
            radius: radii[1] * random.between(0.34, 0.4),
        });
    }
    if one_in(10, random) {
        nucleus.bay = Some((random.angle(), 0.38, random.between(0.25, 0.4)));
    }
    nucleus
}

/// The remains of a crushed cell: pale, ragged, without a membrane.
fn smudge(centre: [f32; 2], radius: f32, stain: [f32; 3], random: &mut Random) -> Nucleus {
    let radii = [radius, radius * random.between(0.4, 0.7)];
    let mut smudge = Nucleus::new(centre, radii, stain.map(|full| 0.3 * full), random);
    let waves = [4.0, 7.0, 9.0].map(|waves| (waves, random.between(0.05, 0.1), random.angle()));
    smudge.waves.extend(waves);
    smudge
}

fn circle(centre: [f32; 2], radius: f32) -> Vec<[f32; 2]> {
    let corner = |i: usize| {
        let (sin, cos) = (i as f32 / CORNERS as f32 * std::f32::consts::TAU).sin_cos();
        [centre[0] + radius * cos, centre[1] + radius * sin]
    };
    (0..CORNERS).map(corner).collect()
}
