/** Products, as the API speaks of them. Each call throws ApiError, NetworkError or SessionOver. */

import type { Session } from "./session.ts";

export interface Product {
  id: string;
  name: string;
  description: string;
  price_minor: number;
  currency: string;
  owner_id: string;
  created_at: string;
}

export interface Page {
  items: Product[];
  next_cursor: string | null;
}

export type NewProduct = Pick<Product, "name" | "description" | "price_minor" | "currency">;

const PAGE_SIZE = 10;

export async function listProducts(session: Session, cursor: string | null): Promise<Page> {
  const query = new URLSearchParams({ limit: String(PAGE_SIZE), ...(cursor === null ? {} : { cursor }) });
  return (await session.call(`/products?${query}`)) as Page;
}

/** `key` names this attempt: sent again with the same key, the product is created once. */
export async function createProduct(session: Session, product: NewProduct, key: string): Promise<Product> {
  const request = { method: "POST", headers: { "Idempotency-Key": key }, body: product } as const;
  return (await session.call("/products", request)) as Product;
}
