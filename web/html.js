// htm bound to Preact. Elements are written as htm templates, components as h(Component, props),
// because tsc checks the props of h() and cannot look into a template.

import htm from "htm";
import { h } from "preact";

export { h };

/** @type {(strings: TemplateStringsArray, ...values: any[]) => any} */
export const html = htm.bind(h);
