//! The numbers of the tags that are read (TIFF 6.0, part 1; BigTIFF has the same).

pub const SUBFILE_TYPE: u16 = 254;
pub const WIDTH: u16 = 256;
pub const HEIGHT: u16 = 257;
pub const BITS: u16 = 258;
pub const COMPRESSION: u16 = 259;
pub const PHOTOMETRIC: u16 = 262;
pub const DESCRIPTION: u16 = 270;
pub const STRIP_OFFSETS: u16 = 273;
pub const ORIENTATION: u16 = 274;
pub const SAMPLES: u16 = 277;
pub const ROWS_PER_STRIP: u16 = 278;
pub const STRIP_LENGTHS: u16 = 279;
pub const X_RESOLUTION: u16 = 282;
pub const PLANAR: u16 = 284;
pub const RESOLUTION_UNIT: u16 = 296;
pub const PREDICTOR: u16 = 317;
pub const COLOUR_MAP: u16 = 320;
pub const TILE_WIDTH: u16 = 322;
pub const TILE_HEIGHT: u16 = 323;
pub const TILE_OFFSETS: u16 = 324;
pub const TILE_LENGTHS: u16 = 325;
pub const SUB_DIRECTORIES: u16 = 330;
pub const EXTRA_SAMPLES: u16 = 338;
pub const SAMPLE_FORMAT: u16 = 339;
pub const JPEG_TABLES: u16 = 347;
pub const CHROMA_SUBSAMPLING: u16 = 530;
/// XML of Adobe's form; Roche's scanners put their own there.
pub const XMP: u16 = 700;
/// The first tag of Hamamatsu's own.
pub const HAMAMATSU: u16 = 65_420;

/// The value of [`PHOTOMETRIC`] for luminance and two differences of colour.
pub const YCBCR: u64 = 6;
