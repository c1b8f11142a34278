/**
 * Which formats are read, by whom, and how a document shows which one it is.
 *
 * The beginning of a document decides; what does not show itself plainly is not guessed. Rows of a table are not here:
 * they need a mapping that their sender declares, see `table-rows.ts`.
 */
import { createCloudEventsReader } from "./cloudevents.ts";
import type { IntakeReader } from "./intake-message.ts";

export const documentFormats = ["cloudevents"] as const;
export type DocumentFormat = (typeof documentFormats)[number];

export function createDocumentReader(format: DocumentFormat): IntakeReader {
  switch (format) {
    case "cloudevents":
      return createCloudEventsReader();
  }
}
