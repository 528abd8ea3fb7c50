// The files that lie in a PDF: just enough of ISO 32000 to find them. What comes out is believed only when its signatures fit.
import { Unchecked, Unproven } from "./bytes.js";
import { FILE_LIMIT, inflate } from "./zip.js";

export async function attachments() {
  throw new Unchecked("pdf");
}
