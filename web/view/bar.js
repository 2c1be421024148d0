// How wide the bar of a probability is.

import { percentScale } from "../lib/scale.js";

export const barWidth = percentScale(0, 1);
