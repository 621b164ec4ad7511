// How large a file may be in the open channel, and Discord's sentence for one that is not.
import { store } from "./store.js";
import { sizeText } from "./dom.js";

export const fileLimit = {
  bytes: () => store.channels.get(store.current)?.file_limit ?? store.guild?.file_limit ?? 10 * 1024 * 1024,
  sentence: () => `Your files are too powerful! Max file size: ${sizeText(fileLimit.bytes())} please.`,
};

export const tooLarge = (file) => file.size > fileLimit.bytes();
