export * from "./client.js";
export * from "./envelope.js";
export * from "./eventbridge.js";
export * from "./events.js";
export { problemsOf, type Schema } from "./validation.js";
