// What few visits need, and so no first visit waits for: the drawing of pictures, and the page that replays a
// session. http/extras.js fetches it.

import { pairPicture, treePicture } from "./picture/branches.js";
import { distributionPicture } from "./picture/distribution.js";
import { textPicture } from "./picture/text.js";
import { replayPage } from "./replay/page.js";

export const extras = { distributionPicture, pairPicture, replayPage, textPicture, treePicture };

document.dispatchEvent(new CustomEvent("tokenscope-extras", { detail: extras }));
