/** What the API keeps, as it speaks of it. */

import { session } from "./current.ts";
import type { Request } from "./api.ts";
import type { User } from "./session.ts";

export interface Product {
  id: string;
  name: string;
  description: string;
  price_minor: number;
  currency: string;
  owner_id: string;
  created_at: string;
  /** Only of one that was asked for alone, or saved. */
  etag?: string;
}

/** A user as administrators see them. */
export interface Account extends User {
  enabled: boolean;
}

export interface Page<Item> {
  items: Item[];
  next_cursor: string | null;
}

/** Calls the API as the signed-in user. Throws ApiError, NetworkError or SessionOver. */
export function call<Answer = void>(path: string, method: Request["method"] = "GET", more: Request = {}): Promise<Answer> {
  return session.call(path, { ...more, ...(method && { method }) }) as Promise<Answer>;
}
