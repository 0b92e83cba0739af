/**
 * Karyolens in a web page: nine nuclear features of thyroid cells, read in Web Workers on
 * WebGPU or the CPU. Research and teaching, not a diagnosis.
 *
 * @module karyolens
 */

/** Models, loaded and ready on a device of this machine. Made by {@link Karyolens.load}. */
export class Karyolens implements Model {
  private constructor();

  /**
   * Starts a worker, fetches the program and the model side by side, and readies the device. More
   * workers start once there is work for them. The model has the name `"default"`; calls that name no
   * model go to it.
   *
   * @throws {TypeError} for a `device` that does not exist, and for `workers` that are no whole number from 1.
   * @throws {Error} where a file cannot be fetched, the checkpoint is damaged or not one of this
   *   program's, or the requested device is not there; the message says which.
   */
  static load(options?: LoadOptions): Promise<Karyolens>;

  /** Version of the program inside. */
  readonly version: string;
  /** The card of the model that {@link Karyolens.load} brought; so for the next three. */
  readonly card: ModelCard;
  readonly riskRule: RiskRule | null;
  readonly modelHash: string | null;
  readonly device: DeviceReport;
  /** Every model that calls may name, by its name. */
  readonly models: ReadonlyMap<string, Model>;
  /**
   * The largest number of calls that are worked on at once; one on WebGPU. With so many calls under way
   * no worker is idle. It may shrink when another model is loaded, as each worker holds all models.
   */
  readonly workers: number;
  /**
   * True after {@link close}, and where no worker could be started in place of one that crashed:
   * every further call is rejected. Load again.
   */
  readonly closed: boolean;

  /**
   * Loads another model into the same workers, on the same device, under a name of its own. A model of
   * that name is replaced. Calls go on meanwhile. Where the model cannot be loaded, the others stay as
   * they are.
   *
   * @throws {TypeError} for a name that is no text or an empty one.
   * @throws {Error} as {@link Karyolens.load}.
   */
  loadModel(name: string, options: Pick<LoadOptions, "onProgress"> & Required<Pick<LoadOptions, "model">>): Promise<Model>;

  /**
   * Starts workers ahead of the calls for them, `count` or as many as there may be; by default all.
   * A worker starts in some tenths of a second, and loads every model.
   */
  startWorkers(count?: number): void;

  /**
   * Frees a model's memory in all workers. Calls to it that have not begun are rejected, and so are
   * later ones. Nothing happens where there is no model of that name.
   */
  releaseModel(name: string): void;

  /**
   * Reads one picture file (PNG, JPEG, WebP, TIFF, BMP) of one nucleus on white. Calls may
   * overlap: each begins in its turn, as soon as a worker is free. All other calls go before those
   * to `classify` that have not begun.
   *
   * @throws {Error} where the file is broken or no such picture, where the program crashed over it
   *   (the classifier goes on), and where there is no model of that name. The error's `name` is
   *   `"WholeFieldError"` where the picture is a field: {@link open} it.
   */
  classify(file: Blob | ArrayBuffer | Uint8Array, options?: CallOptions): Promise<Prediction>;

  /**
   * Looks at a TIFF file of any size, such as a slide of a scanner (`.svs`, OME-TIFF, generic pyramids), without
   * reading it whole.
   *
   * @param options.longest the longest side of the overview in pixels; by default 1024.
   * @throws {Error} where the file is no TIFF, is broken, or holds pixels of a kind that is not read.
   */
  openSlide(file: Blob, options?: { longest?: number }): Promise<Slide>;

  /**
   * Reads a part of a TIFF file of any size at full size, as a field.
   *
   * @throws {Error} as {@link openSlide}, and for a part that does not lie within the slide, or of more than 50 million pixels.
   */
  openPart(file: Blob, part: Part): Promise<Picture>;

  /**
   * Decodes one picture file (PNG, JPEG, WebP, TIFF, BMP), for all that is then read in it: pass the
   * picture to {@link classify}, {@link explain} and {@link cellImage}. It is a photograph of many nuclei (a
   * field) or a picture of one on white; its {@link Picture.kind} says which.
   *
   * @throws {Error} where the file is broken or no such picture, and where it shows nothing: it is blank,
   *   black, nearly black or of a single colour. The message says which.
   *
   * AVIF, GIF, and where the browser knows them HEIC and JPEG XL, are decoded by the browser;
   * {@link Picture.notice} then says so.
   */
  open(file: Blob | ArrayBuffer | Uint8Array): Promise<Picture>;

  /**
   * Reads the outlines that another program has drawn around the nuclei of a field: the study's
   * `_contours.json` and the file that its viewer saves, or GeoJSON as QuPath writes it. Of an outline that
   * crosses itself the largest piece is kept; one that surrounds nothing of the field is left out.
   *
   * @param field its size in pixels; its name or that of its picture, for files that hold several fields.
   * @throws {Error} where the file is of none of these forms, or is damaged.
   */
  readContours(
    file: Blob | ArrayBuffer | Uint8Array,
    field: { width: number; height: number; name?: string },
  ): Promise<ContourFile>;

  /**
   * Finds the nuclei of a field with a model whose card has the task `"segment"`, see {@link loadModel}. The
   * field is read in tiles, by all workers. Where its `micrometresPerPixel` is null and its nuclei turn out
   * much larger or smaller than those that the model was trained on, it is read once more at their scale.
   *
   * @throws {Error} where there is no model of that name, or one that finds no nuclei.
   * @throws the signal's reason, where it is aborted.
   */
  segment(picture: Picture, options: SegmentOptions): Promise<FoundNuclei>;

  /**
   * Writes nuclei as a file that {@link readContours} reads again as they were.
   *
   * @throws {Error} for a `format` that does not exist.
   */
  writeContours(picture: Picture, contours: readonly Contour[], options: WriteOptions): Promise<string>;

  /**
   * Measures nuclei of a field, each within its contour, without a network. Names and values are those of
   * scikit-image's `regionprops` where it has the measure.
   *
   * @param contours all of the field: some measurements depend on the neighbours, and on all nuclei.
   * @returns a column for each measurement, with a value for each contour.
   */
  measureNuclei(picture: Picture, contours: readonly Outline[]): Promise<Measurement[]>;

  /**
   * Reads nuclei of a field, each within its contour. They are cut out at the scale that the model was
   * trained at (see `cell_scale` in {@link ModelCard.input}) and read some at a time by all workers. Only
   * the surroundings of each contour are sent to a worker, so the picture stays where it is.
   *
   * @param picture of {@link open}. Where its `micrometresPerPixel` is null it is taken for one of the
   *   study's scale, and features that depend on size, such as Enlargement, may be off.
   * @returns a prediction for each contour, in their order.
   * @throws {Error} where a contour surrounds no pixel of the picture, and as {@link classify} of a file.
   * @throws the signal's reason, where it is aborted.
   */
  classify(picture: Picture, contours: readonly Outline[], options?: FieldOptions): Promise<Prediction[]>;

  /**
   * Reads a picture as one nucleus on white, whatever its {@link Picture.kind}.
   *
   * @throws {Error} as {@link classify} of a file.
   */
  classify(picture: Picture, options?: CallOptions): Promise<Prediction>;

  /**
   * Shows which parts of the cell spoke for a feature, and which against it. The map tells what the
   * network went by, not whether it was right. It takes far longer than {@link classify}: a ResNet
   * or ConvNeXt reads the cell 66 times, a ViT 6 times.
   *
   * @param feature its name, see {@link ModelCard.features}.
   * @throws {Error} as {@link classify}, and for a name that the model does not know.
   */
  explain(file: Blob | ArrayBuffer | Uint8Array, feature: string, options?: CallOptions): Promise<HeatMap>;
  /** The same of a nucleus of a field. */
  explain(picture: Picture, contour: Outline, feature: string, options?: CallOptions): Promise<HeatMap>;
  /** The same of a picture of one nucleus. */
  explain(picture: Picture, feature: string, options?: CallOptions): Promise<HeatMap>;

  /**
   * The picture as networks are given it, on a canvas of 224×224 px: the one that a
   * {@link HeatMap.region} speaks of. It also shows files that browsers cannot show, such as TIFF.
   *
   * @returns a PNG file.
   * @throws {Error} as {@link classify}.
   */
  cellImage(file: Blob | ArrayBuffer | Uint8Array): Promise<Uint8Array<ArrayBuffer>>;
  /** The same of a nucleus of a field, at the scale of the model. */
  cellImage(picture: Picture, contour: Outline, options?: CallOptions): Promise<Uint8Array<ArrayBuffer>>;
  /** The same of a picture of one nucleus. */
  cellImage(picture: Picture): Promise<Uint8Array<ArrayBuffer>>;

  /**
   * Compares the network with reference outputs of another library.
   *
   * @param reference a `.safetensors` file with `input` [batch, 3, height, width] and `logits`
   *   [batch, features], or `class_token` and `patch_mean` [batch, width] for a backbone.
   */
  verify(reference: Blob | ArrayBuffer | Uint8Array, options?: CallOptions): Promise<Verification>;

  /**
   * Draws one 224×224 px cell that shows the named features, marked SYNTHETIC in its pixels.
   *
   * @param features names in the vocabulary of {@link ModelCard.features}.
   * @param seed a whole number; the same one gives the same picture.
   * @returns a PNG file.
   */
  renderSynthetic(features: string[], seed: number): Promise<Uint8Array<ArrayBuffer>>;

  /**
   * Times forward passes over drawn cells: from pictures of the network's input size to logits that
   * have been read back. Later calls wait until it is done.
   *
   * @param options.batch pictures in one pass; a CPU takes them one after another. By default 1.
   * @param options.passes the number of passes; by default 1.
   * @returns milliseconds of each pass, in turn. The first ones of a batch size may be slower.
   * @throws {TypeError} for numbers that are not whole or below 1.
   * @throws {Error} where the device fails, and where there is no model of that name.
   */
  measure(options?: { batch?: number; passes?: number } & CallOptions): Promise<number[]>;

  /** Ends the workers and frees all models. Calls that still wait are rejected. */
  close(): void;
}

/**
 * Loads the rule by which features are called present, for use without a worker: the same code as in
 * {@link Karyolens.classify}, on this thread, at once, for thresholds that a person moves and answers
 * that a person gives. It comes with the program that {@link Karyolens.load} fetches for the same
 * `device`; nothing is fetched twice.
 *
 * @throws {Error} where the program cannot be fetched.
 */
export function loadDecide(options?: Pick<LoadOptions, "device">): Promise<Decide>;

/**
 * The calls and the risk of each cell, in their order. A thousand cells of nine features take a few
 * milliseconds.
 *
 * @param rules of the model that gave the probabilities, such as `{ ...card, riskRule }`; keep the object
 *   for the next call, and do not change it.
 * @param moved thresholds that take the place of the model's, by feature.
 * @throws {Error} where lengths differ from the number of features.
 */
export type Decide = (rules: Rules, cells: readonly JudgedCell[], moved?: ReadonlyMap<string, number>) => Decision[];

/**
 * Loads the operations on outlines that a person draws and changes, for use without a worker: on this
 * thread, at once. They come with the program, as {@link loadDecide}.
 *
 * @throws {Error} where the program cannot be fetched.
 */
export function loadGeometry(options?: Pick<LoadOptions, "device">): Promise<Geometry>;

/** Points of a line in pixels of the field, as those of an {@link Outline}. */
export type Points = [x: number, y: number][];

/**
 * What a person does to outlines. Lines may cross themselves, as hands and brushes draw them. Results do
 * not; their holes are filled, and their points are rounded to 1/100 of a pixel. Points further out than a
 * million pixels surround nothing.
 */
export interface Geometry {
  /** A drawn line as one closed outline: the largest part that it surrounds; null where it surrounds nothing. */
  tidy(line: Points): Points | null;
  /** The outline around both; null where they do not touch. */
  unite(one: Points, other: Points): Points | null;
  /** The parts of an outline that lie outside another, the largest first; none where nothing is left. */
  subtract(from: Points, cut: Points): Points[];
  /** The parts on either side of a line, the largest first; the outline alone where the line does not cut through. */
  split(contour: Points, line: Points): Points[];
  /**
   * The red cells among the objects of a field that are not to be read, as a ruler: they are the round ones. Null
   * where these are too few, or differ too much in size.
   */
  redCells(leftOut: readonly Points[]): RedCells | null;
}

/** The red cells of a field, see {@link Geometry.redCells}. */
export interface RedCells {
  /** How many were measured. */
  count: number;
  /** The median of their diameters, in pixels. */
  diameter: number;
  /** The scale of the field, if red cells measure 7 µm. */
  micrometresPerPixel: number;
}

/** The parts of a model that its calls depend on; see {@link ModelCard} for the first three. */
export interface Rules {
  features: string[];
  thresholds: number[];
  /** Absent or empty where the bands are not known. */
  unsure?: [number, number][];
  riskRule: RiskRule | null;
}

/** The knowledge about one cell that its calls depend on. */
export interface JudgedCell {
  /** One for each feature. */
  probabilities: ArrayLike<number>;
  /** A person's yes or no, by feature. */
  answers?: ReadonlyMap<string, boolean>;
}

/** The calls of one cell, and what they add up to. */
export interface Decision {
  /** In the order of the features. */
  calls: Call[];
  /** Null where the rules have none. */
  risk: RiskSum | null;
}

/** One feature of one cell. */
export interface Call {
  name: string;
  probability: number;
  /** The threshold in force. */
  threshold: number;
  /** Whether a person moved the threshold. */
  moved: boolean;
  /** The probabilities at which the model is not sure; the band moves with its threshold. */
  band: [number, number] | null;
  /** The model's call. */
  model: boolean;
  /** Whether the probability lies within the band. */
  unsure: boolean;
  /** A person's answer. */
  answer: boolean | null;
  /** The person's answer, else the model's call. */
  present: boolean;
}

/** The risk with its sum spelled out. */
export interface RiskSum {
  score: number;
  level: "Low" | "Medium" | "High";
  /** The features that are present, with what each adds. */
  terms: { name: string; weight: number }[];
  /** The feature that makes the level High whatever the score; null where there is none. */
  forced: string | null;
}

/** A model that is loaded. */
export interface Model {
  /** The checkpoint's own account of the model, its training data and its figures. */
  readonly card: ModelCard;
  /** The rule of {@link Prediction.risk}; null where the model's features are not the nine. */
  readonly riskRule: RiskRule | null;
  /**
   * SHA-256 of the checkpoint's bytes, 64 hexadecimal digits; null in an insecure context (neither
   * https nor localhost), where browsers do not compute it.
   */
  readonly modelHash: string | null;
  /** Where the model runs, and why there. */
  readonly device: DeviceReport;
}

/** Options of a call that works with a model. */
export interface CallOptions {
  /** The model's name; by default the one that {@link Karyolens.load} brought. */
  model?: string;
}

/** Options of {@link Karyolens.classify} for a field. */
export interface FieldOptions extends CallOptions {
  /** Ends the reading; nuclei that no worker has begun are not read. */
  signal?: AbortSignal;
  /**
   * Called as workers finish, in whatever order they do: `predictions[i]` is that of the contour
   * `first + i`.
   */
  onPredictions?: (predictions: Prediction[], first: number) => void;
}

/** A picture that {@link Karyolens.open} has decoded: plain data, which may be copied, changed and stored. */
export interface Picture {
  /** Whether it is a photograph of many nuclei, or a picture of one on white. */
  kind: "field" | "cell-image";
  width: number;
  height: number;
  /** RGBA, upright, row after row; opaque. `new ImageData(pixels, width, height)` shows it. */
  pixels: Uint8ClampedArray<ArrayBuffer>;
  /** SHA-256 of the file, 64 hexadecimal digits; null in an insecure context, as {@link Karyolens.modelHash}. */
  sha256: string | null;
  /** The length of a pixel's side on the slide, where the file tells it; set it where a person does. */
  micrometresPerPixel: number | null;
  /** A sentence on the picture that a person should read, or null. */
  notice: string | null;
}

/** A TIFF file of any size, see {@link Karyolens.openSlide}. */
export interface Slide {
  /** In pixels. */
  width: number;
  /** In pixels. */
  height: number;
  /** The length of a pixel's side on the slide, where the file tells it. */
  micrometresPerPixel: number | null;
  /** Whether {@link Karyolens.open} can read it at once. */
  isSmall: boolean;
  /** All of it, shrunk; null where it is small. */
  overview: Picture | null;
}

/** A part of a slide, in its pixels at full size. */
export interface Part {
  left: number;
  top: number;
  width: number;
  height: number;
}

/** The closed outline of one nucleus: points `[x, y]` in pixels of the field; whole numbers are the centres of pixels. */
export interface Outline {
  readonly points: readonly (readonly [x: number, y: number])[];
}

/** An outline that was read from a file, with all that the file knows of its nucleus. */
export interface Contour extends Outline {
  /** As the file has it, else its number in the file. Some files have an id twice. */
  id: string;
  points: [x: number, y: number][];
  /** Whether it came from another program, from a network that finds nuclei, or from a person's hand. */
  origin: "given" | "found" | "drawn";
  /** Whether a person has changed the outline since. */
  changed: boolean;
  /** Whether a person has found the outline right. */
  confirmed: boolean;
  /** Of a found outline: the network's probability that a nucleus to be read lies there. */
  probability: number | null;
  /** What the file says of features; empty where it says nothing. */
  features: {
    name: string;
    probability: number | null;
    /** Whether the model, or the program that wrote the file, calls it present. */
    call: boolean | null;
    /** A person's yes or no. */
    answer: boolean | null;
  }[];
  /** SHA-256 of the checkpoint that read the nucleus. */
  model: string | null;
}

/** The result of {@link Karyolens.readContours}. */
export interface ContourFile {
  /** In the order of the file. */
  contours: Contour[];
  /** Objects that were seen and are not to be read: those of QuPath's class `Left out`. */
  leftOut: Outline[];
  /** The outlines of no use: how many there are for each reason, such as "has fewer than three points". */
  refused: { reason: string; count: number }[];
  /** The ids of outlines that crossed themselves; the largest piece of each remains. */
  mended: string[];
}

/** Options of {@link Karyolens.segment}. */
export interface SegmentOptions {
  /** The name of a model that finds nuclei. */
  model: string;
  /** Ends the search; tiles that no worker has begun are not read. */
  signal?: AbortSignal;
  /**
   * Called whenever a tile is done, with all that was found so far. The result differs a little: what two
   * tiles have found is joined, and a field that is read once more starts anew.
   */
  onContours?: (found: FoundNuclei, progress: SearchProgress) => void;
}

/** How far the search for the nuclei of a field has come, in tiles. */
export interface SearchProgress {
  done: number;
  total: number;
}

/** The result of {@link Karyolens.segment}: the most probable first. */
export interface FoundNuclei {
  /** Nuclei that are to be read. */
  nuclei: FoundOutline[];
  /** Objects that were seen and are not to be read, such as leucocytes, smudges and platelets. */
  leftOut: FoundOutline[];
}

/** An outline that a network found. */
export interface FoundOutline extends Outline {
  points: Points;
  /** From 0 to 1. */
  probability: number;
}

/** Options of {@link Karyolens.writeContours}. */
export interface WriteOptions {
  /**
   * `"study"` is the JSON of the study's viewer. `"detections"` and `"annotations"` are GeoJSON that QuPath
   * opens as objects of that kind, with measurements; `"csv"` has them too, but {@link Karyolens.readContours}
   * does not read it. `"left-out"` holds the outlines of `leftOut` alone, in the study's JSON.
   */
  format: "study" | "detections" | "annotations" | "csv" | "left-out";
  /** The field's name. */
  name: string;
  /** Objects that were seen and are not to be read; GeoJSON has them too. */
  leftOut?: readonly Outline[];
  /** Whether the picture's scale is only an estimate; GeoJSON and CSV tell it. */
  isScaleEstimated?: boolean;
}

/** One measurement of the nuclei of a field. */
export interface Measurement {
  name: string;
  /** Lengths and areas are in pixels: times `micrometresPerPixel`, or its square, they are in micrometres. */
  unit: "length" | "area" | "radians" | "grey levels" | "ratio";
  /** One for each contour; NaN where it has none. */
  values: Float64Array<ArrayBuffer>;
}

/** Options of {@link Karyolens.load}. */
export interface LoadOptions {
  /** The checkpoint: an address, or its bytes. By default `model.safetensors` of this package. */
  model?: string | URL | Blob | ArrayBuffer | Uint8Array;
  /** Where to run. `"auto"` takes WebGPU where it is sound and faster, and the CPU elsewhere. */
  device?: "auto" | "webgpu" | "cpu";
  /**
   * The most workers to use on the CPU, from 1; each has a model of its own in memory. By default
   * one for each core, as far as a quarter of the machine's memory goes. WebGPU takes one.
   */
  workers?: number;
  /**
   * Called as loading goes on; the phases `code` and `weights` run side by side, then comes `device`.
   * On a page with a service worker the first two are not counted: the browser has kept the files.
   */
  onProgress?: (progress: Progress) => void;
}

/** How far one phase of loading has come. */
export interface Progress {
  phase: "code" | "weights" | "device";
  /** Bytes; for `device`, 0 at its start and 1 when it is ready. */
  loaded: number;
  /** Bytes in all, as soon as that is known; for `device`, 1. */
  total: number | null;
}

/** Where a model runs. */
export interface DeviceReport {
  kind: "webgpu" | "cpu";
  /** Why this one, in a sentence for people. */
  reason: string;
  /** The graphics adapter's own description, where there is one. */
  adapter: string | null;
  /**
   * Milliseconds of the loading that went to a question whose answer is known, put to WebGPU and the
   * CPU at once; WebGPU makes its pipelines for it. Null on the CPU.
   */
  known_ms: number | null;
}

/** The model's answer to one picture. */
export interface Prediction {
  /** In the order of {@link ModelCard.features}. */
  features: FeaturePrediction[];
  /** The sum over the present features; null where the model's features are not the nine. */
  risk: { score: number; level: "Low" | "Medium" | "High" } | null;
  /** A sentence on the picture that a person should read, or null. */
  notice: string | null;
  /** SHA-256 of the picture's file, 64 hexadecimal digits; null in an insecure context, as {@link Karyolens.modelHash}. */
  sha256: string | null;
}

/** The model's answer to one feature. */
export interface FeaturePrediction {
  name: string;
  /** From 0 to 1: the sigmoid of the feature's logit. */
  probability: number;
  /** The probability from which the feature is called present. */
  threshold: number;
  present: boolean;
  /**
   * Whether the call might as well be the other one: the probability lies within the feature's band of
   * {@link ModelCard.unsure}. False where the model has no bands.
   */
  unsure: boolean;
}

/** Where a feature's logit came from, see {@link Karyolens.explain}. */
export interface HeatMap {
  /** The feature's name. */
  feature: string;
  /** Columns of the map. */
  width: number;
  /** Rows of the map. */
  height: number;
  /**
   * The share of each place in the logit, row after row: above 0 it spoke for the feature, below
   * against it. Places are coarse; draw them blurred into each other.
   */
  values: number[];
  /** The logit less the values: the share of no place, and the difference between one look and the many that the map is made of. */
  rest: number;
  /** Its sigmoid is the feature's probability. */
  logit: number;
  /** The square that the map covers, in pixels of {@link Karyolens.cellImage}. */
  region: { left: number; top: number; side: number };
}

/** The rule of the risk: a sum over the features that are called present. */
export interface RiskRule {
  /** The weight of each feature in the score, by name. */
  weights: Record<string, number>;
  /** The score from which the level is Medium. */
  mediumFrom: number;
  /** The score from which it is High. */
  highFrom: number;
  /** Features that make it High, each of them alone. */
  alwaysHigh: string[];
}

/** The result of {@link Karyolens.verify}. */
export interface Verification {
  /** Largest |difference| over all outputs. */
  max_difference: number;
  /** Largest |reference value| over all outputs. */
  max_reference: number;
  outputs: { name: string; max_difference: number }[];
}

/** The checkpoint's own account of itself, as stored in the file. */
export interface ModelCard {
  name: string;
  /** Whether it names the features of a nucleus, or finds the nuclei of a field. The entries below are those of the first. */
  task: "classify" | "segment";
  /** The network's family and its sizes. */
  architecture: { family: string; [size: string]: unknown };
  /** How a cell image becomes the network's input; lengths in pixels. */
  input: {
    crop: number;
    side: number;
    filter: string;
    mean: number[];
    std: number[];
    cell_scale: number;
    [setting: string]: unknown;
  };
  /** Feature names in the order of the logits; empty for a backbone without a head. */
  features: string[];
  /** One for each feature, in the same order. */
  thresholds: number[];
  /**
   * For each feature the probabilities [low, high] about its threshold at which the call is in doubt:
   * the 90 % interval of the threshold over resamples of the validation cells. Absent where nobody
   * computed it.
   */
  unsure?: [number, number][];
  /** 8 where the file has its weights as whole numbers of 8 bits; absent where they are floating-point. */
  weight_bits?: number;
  /** Where the weights come from. */
  provenance: {
    /** The data that the model was trained on, in words. */
    data: string;
    /** The known facts about that data's licence, in words. */
    data_licence: string;
    /** The command, or the library and file that it was imported from. */
    made_by: string;
    /** Every setting of the training run; null for imported weights. */
    settings: unknown;
  };
  /** Figures by name, as `karyolens evaluate` prints them. */
  metrics: Record<string, number>;
  /** The permitted use of the model. */
  intended_use: string;
  /** Version of the crate that wrote the card. */
  crate_version: string;
  [entry: string]: unknown;
}
