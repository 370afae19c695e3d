import { useRef } from "preact/hooks";
import { ApiError } from "../api.ts";
import { call, type Product } from "../items.ts";
import { amountText, CURRENCIES, parseAmount } from "../money.ts";
import { Field } from "./field.tsx";
import { Form, type Values } from "./form.tsx";

interface Props {
  /** The one to change, with its `etag`; without it a new one is created. */
  product?: Product;
  onSaved: (product: Product) => void;
  onCancel: () => void;
}

export function ProductForm({ product, onSaved, onCancel }: Props) {
  const save = useSave(product);
  return (
    <Form
      submit={product ? "Save changes" : "Create product"}
      check={checkAmount}
      save={async (values) => onSaved(await save(values))}
      onCancel={onCancel}
    >
      <Field label="Name" name="name" wrong="Enter a name." autocomplete="off" maxLength={200} defaultValue={product?.name} />
      <Field
        label="Description (optional)"
        name="description"
        as="textarea"
        maxLength={5000}
        defaultValue={product?.description}
      />
      <div class="pair">
        <Field
          label="Price"
          name="price_minor"
          inputMode="decimal"
          autocomplete="off"
          maxLength={16}
          required
          defaultValue={product && amountText(product.price_minor, product.currency)}
        />
        <Field label="Currency" name="currency" as="select">
          {[...new Set([product?.currency ?? "EUR", ...CURRENCIES])].map((currency) => (
            <option key={currency}>{currency}</option>
          ))}
        </Field>
      </div>
    </Form>
  );
}

/** The field carries the API's name, so that its errors find it. */
function checkAmount({ price_minor, currency = "" }: Values) {
  const wrong = parseAmount(price_minor ?? "", currency) === null;
  return { price_minor: wrong ? `Enter an amount in ${currency}, such as ${amountText(1250, currency)}.` : "" };
}

/** Saves what the form holds: changes only what is as it was read, and never creates the same thing twice. */
function useSave(product: Product | undefined) {
  const read = useRef(product?.etag ?? "");
  const attempt = useRef({ text: "", key: "" });
  return async ({ name, description, price_minor = "", currency = "" }: Values): Promise<Product> => {
    const body = { name, description, price_minor: parseAmount(price_minor, currency), currency };
    if (!product) {
      // The same product sent again, after an answer was lost, keeps its key.
      const text = JSON.stringify(body);
      if (attempt.current.text !== text) attempt.current = { text, key: crypto.randomUUID() };
      return call("/products", "POST", { body, headers: { "Idempotency-Key": attempt.current.key } });
    }
    const path = `/products/${product.id}`;
    try {
      return await call(path, "PATCH", { body, headers: { "If-Match": read.current } });
    } catch (error) {
      // Told that it changed meanwhile, the person may save again: then it replaces what is there now.
      if (error instanceof ApiError && error.status === 412) read.current = (await call<Product>(path)).etag ?? "";
      throw error;
    }
  };
}
