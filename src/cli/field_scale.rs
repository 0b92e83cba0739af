//! The scale of a field on the command line: told by an option, by the file, or by red cells.

use clap::Args;

use crate::field::{Contour, FieldScale, MicrometresPerPixel, RedCells};

/// Where the scale of a field comes from.
#[derive(Args)]
pub(super) struct ScaleArguments {
    /// Micrometres that one pixel of the fields shows. By default their files tell it.
    #[arg(long, value_name = "NUMBER", value_parser = micrometres)]
    micrometres_per_pixel: Option<MicrometresPerPixel>,
    /// Where no scale is known, take red cells of 7 µm as the ruler: the round objects that the network
    /// leaves out. Files mark such a scale as estimated.
    #[arg(long)]
    red_cells: bool,
}

impl ScaleArguments {
    /// The scale that the option tells, or the field's file.
    pub(super) fn told(&self, by_file: Option<MicrometresPerPixel>) -> Option<FieldScale> {
        self.micrometres_per_pixel.or(by_file).map(FieldScale::told)
    }

    /// The scale by the red cells of the field `name`, where it is wanted. Says the finding in any case.
    pub(super) fn by_red_cells(&self, name: &str, left_out: &[Contour]) -> Option<FieldScale> {
        let cells = RedCells::among(left_out);
        let Some((cells, scale)) = cells.and_then(|cells| Some((cells, cells.scale()?))) else {
            if self.red_cells {
                say!("{name}: its red cells are too few, or differ too much, to tell the scale");
            }
            return None;
        };
        let taken = match self.red_cells {
            true => "taken as the scale",
            false => "--red-cells takes it",
        };
        say!(
            "{name}: {} red cells measure {:.0} px: {:.2} µm a pixel if they are 7 µm; {taken}",
            cells.count,
            cells.diameter,
            scale.value.get()
        );
        self.red_cells.then_some(scale)
    }
}

fn micrometres(text: &str) -> Result<MicrometresPerPixel, String> {
    let number: f64 = text.parse().map_err(|_| format!("{text:?} is no number"))?;
    number.try_into()
}
