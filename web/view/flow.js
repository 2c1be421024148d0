// The picture: text flows into tokens, tokens into the model, out comes a distribution.

import { useRef } from "preact/hooks";
import { h, html } from "../html.js";
import * as store from "../state/store.js";
import { Distribution } from "./distribution.js";
import { Inputs } from "./inputs.js";
import { LlmBox } from "./llm_box.js";
import { narrow } from "./narrow.js";
import { TokenStack } from "./token_stack.js";
import { Wires } from "./wires.js";

export function Flow() {
  const flow = useRef(/** @type {HTMLElement | null} */ (null));
  return html`
    <div class="flow" ref=${flow} data-llm=${store.llmEnabled.value ? "on" : "off"}>
      ${h(Inputs, {})}
      ${!narrow.value && h(TokenStack, {})}
      ${h(LlmBox, {})}
      ${h(Distribution, {})}
      ${h(Wires, { flow })}
    </div>
  `;
}
