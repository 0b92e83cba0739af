/**
 * Karyolens in a web page: nine nuclear features of thyroid cells, read in Web Workers on
 * WebGPU or the CPU. Research and teaching, not a diagnosis.
 *
 * @module karyolens
 */

/** A model, loaded and ready on a device of this machine. Made by {@link Karyolens.load}. */
export class Karyolens {
  private constructor();

  /**
   * Starts a worker, fetches the program and the model side by side, and readies the device. More
   * workers start once there is work for them.
   *
   * @throws {TypeError} for a `device` that does not exist, and for `workers` that are no number of any.
   * @throws {Error} where a file cannot be fetched, the checkpoint is damaged or not one of this
   *   program's, or the device that was asked for is not there; the message says which.
   */
  static load(options?: LoadOptions): Promise<Karyolens>;

  /** Version of the program inside. */
  readonly version: string;
  /** What the model is, what it was trained on, and how well it did. */
  readonly card: ModelCard;
  /** How {@link Prediction.risk} is worked out; null where the model's features are not the nine. */
  readonly riskRule: RiskRule | null;
  /**
   * SHA-256 of the checkpoint's bytes, 64 hexadecimal digits; null in an insecure context (neither
   * https nor localhost), where browsers do not compute it.
   */
  readonly modelHash: string | null;
  /** Where it runs, and why there. */
  readonly device: DeviceReport;
  /**
   * How many calls are worked on at once, at most: one on WebGPU. Have so many under way and no
   * worker is idle.
   */
  readonly workers: number;
  /**
   * True after {@link close}, and where no worker could be started in place of one that crashed:
   * every further call is rejected. Load again.
   */
  readonly closed: boolean;

  /**
   * Reads one picture file (PNG, JPEG, WebP, TIFF, BMP) of one nucleus on white. Calls may
   * overlap: each begins in its turn, as soon as a worker is free. All other calls go before those
   * to `classify` that have not begun.
   *
   * @throws {Error} where the file is broken or no such picture, and where the program crashed over
   *   it; the classifier goes on.
   */
  classify(file: Blob | ArrayBuffer | Uint8Array): Promise<Prediction>;

  /**
   * Shows which parts of the cell spoke for a feature, and which against it. It tells what the
   * network went by, not whether it was right. It takes far longer than {@link classify}: a ResNet
   * or ConvNeXt reads the cell 66 times, a ViT 6 times.
   *
   * @param feature its name, see {@link ModelCard.features}.
   * @throws {Error} as {@link classify}, and for a name that the model does not know.
   */
  explain(file: Blob | ArrayBuffer | Uint8Array, feature: string): Promise<HeatMap>;

  /**
   * The picture as networks are given it, on a canvas of 224×224 px: the one that a
   * {@link HeatMap.region} speaks of. It also shows what browsers cannot, such as TIFF.
   *
   * @returns a PNG file.
   * @throws {Error} as {@link classify}.
   */
  cellImage(file: Blob | ArrayBuffer | Uint8Array): Promise<Uint8Array<ArrayBuffer>>;

  /**
   * Compares the network with reference outputs of another library.
   *
   * @param reference a `.safetensors` file with `input` [batch, 3, height, width] and `logits`
   *   [batch, features], or `class_token` and `patch_mean` [batch, width] for a backbone.
   */
  verify(reference: Blob | ArrayBuffer | Uint8Array): Promise<Verification>;

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
   * @param options.batch pictures in one pass, which a CPU takes one after another; 1 where it is not given.
   * @param options.passes how many passes; 1 where it is not given.
   * @returns milliseconds of each pass, in turn. The first ones of a batch size may be slower.
   * @throws {TypeError} for what is no whole number from 1.
   * @throws {Error} where the device fails.
   */
  measure(options?: { batch?: number; passes?: number }): Promise<number[]>;

  /** Ends the workers and frees the model. Calls that still wait are rejected. */
  close(): void;
}

/** What {@link Karyolens.load} takes. */
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
   * On a page that a service worker answers, it comes at once: what the browser has kept is not counted.
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

/** What the model says of one picture. */
export interface Prediction {
  /** In the order of {@link ModelCard.features}. */
  features: FeaturePrediction[];
  /** What the present features add up to; null where the model's features are not the nine. */
  risk: { score: number; level: "Low" | "Medium" | "High" } | null;
  /** A sentence on the picture that a person should read, or null. */
  notice: string | null;
  /** SHA-256 of the picture's file, 64 hexadecimal digits; null in an insecure context, as {@link Karyolens.modelHash}. */
  sha256: string | null;
}

/** What the model says of one feature. */
export interface FeaturePrediction {
  name: string;
  /** From 0 to 1: the sigmoid of the feature's logit. */
  probability: number;
  /** The probability from which the feature is called present. */
  threshold: number;
  present: boolean;
  /**
   * So near the threshold that the call might as well be the other one: within the feature's band of
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
   * What each place added to the logit, row after row: above 0 it spoke for the feature, below
   * against it. Places are coarse; draw them blurred into each other.
   */
  values: number[];
  /** The logit less the values: what no place added, and the difference between the many looks that the map is made of and one. */
  rest: number;
  /** Its sigmoid is the feature's probability. */
  logit: number;
  /** The square that the map covers, in pixels of {@link Karyolens.cellImage}. */
  region: { left: number; top: number; side: number };
}

/** How the risk is worked out: a sum over the features that are called present. */
export interface RiskRule {
  /** What each feature adds to the score, by name. */
  weights: Record<string, number>;
  /** The score from which the level is Medium. */
  mediumFrom: number;
  /** The score from which it is High. */
  highFrom: number;
  /** Features of which one alone makes it High. */
  alwaysHigh: string[];
}

/** What {@link Karyolens.verify} found. */
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
   * worked it out.
   */
  unsure?: [number, number][];
  /** 8 where the file has its weights as whole numbers of 8 bits; absent where they are floating-point. */
  weight_bits?: number;
  /** Where the weights come from. */
  provenance: {
    /** The data that the model was trained on, in words. */
    data: string;
    /** What is known of that data's licence, in words. */
    data_licence: string;
    /** The command, or the library and file that it was imported from. */
    made_by: string;
    /** Every setting of the training run; null for imported weights. */
    settings: unknown;
  };
  /** Figures by name, as `karyolens evaluate` prints them. */
  metrics: Record<string, number>;
  /** What the model may be used for. */
  intended_use: string;
  /** Version of the crate that wrote the card. */
  crate_version: string;
  [entry: string]: unknown;
}
