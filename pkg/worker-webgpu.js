/** A worker that runs the program with WebGPU. */
import * as program from "./karyolens_webgpu.js";
import { serve } from "./worker.js";

serve(program);
