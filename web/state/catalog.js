// Knobs, presets and the models to suggest, as the server lists them.

import * as api from "../http/client.js";
import * as store from "./store.js";

let readings = 0;

/** The newest reading counts, whichever answer comes last. */
export async function readCatalog() {
  readings += 1;
  const mine = readings;
  const catalog = await api.fetchCatalog();
  if (mine === readings) store.catalog.value = catalog;
}

/** Reads it again because of its models; the old list will do if that fails. */
export async function refreshCatalog() {
  try {
    await readCatalog();
  } catch (error) {
    if (!(error instanceof api.ApiError)) throw error;
  }
}
