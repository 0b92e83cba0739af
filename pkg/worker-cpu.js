/** A worker that runs the program for the CPU alone. */
import * as program from "./karyolens_cpu.js";
import { serve } from "./worker.js";

serve(program);
