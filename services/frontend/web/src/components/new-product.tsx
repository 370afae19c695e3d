import { useEffect, useRef } from "preact/hooks";
import { session } from "../current.ts";
import { onlyWrong, required, useForm, type Errors, type Values } from "../form.ts";
import { CURRENCIES, parseAmount } from "../money.ts";
import { createProduct, type NewProduct, type Product } from "../products.ts";
import { SubmitButton } from "./button.tsx";
import { Field } from "./field.tsx";
import { Failure } from "./notice.tsx";

/** The form's fields carry the API's names, so that its errors find them. */
type Names = "name" | "description" | "price_minor" | "currency";

function check(values: Values<Names>) {
  const amount = parseAmount(values.price_minor, values.currency);
  return onlyWrong({
    name: required(values.name, "Enter a name."),
    price_minor: amount === null ? `Enter an amount in ${values.currency}, such as ${example(values.currency)}.` : "",
  });
}

function example(currency: string): string {
  return parseAmount("12.50", currency) === null ? "1250" : "12.50";
}

interface Props {
  onCreated: (product: Product) => void;
  onClose: () => void;
}

export function NewProductDialog({ onCreated, onClose }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const create = useCreate();
  useEffect(() => dialog.current?.showModal(), []);

  const form = useForm<Names>(check, async (values) => {
    const created = await create(values);
    dialog.current?.close();
    onCreated(created);
  });

  return (
    <dialog ref={dialog} aria-labelledby="new-product-title" onClose={onClose}>
      <h2 id="new-product-title">New product</h2>
      <form {...form.attributes}>
        <Failure>{form.failure}</Failure>
        <Fields errors={form.errors} />
        <div class="actions end">
          <button type="button" class="button" onClick={() => dialog.current?.close()}>
            Cancel
          </button>
          <SubmitButton busy={form.busy} working="Creating…">
            Create product
          </SubmitButton>
        </div>
      </form>
    </dialog>
  );
}

/** Creates what the form holds. The same product sent again, after an answer was lost, does not become two. */
function useCreate() {
  const attempt = useRef({ body: "", key: "" });
  return (values: Values<Names>): Promise<Product> => {
    const product: NewProduct = {
      name: values.name.trim(),
      description: values.description.trim(),
      price_minor: parseAmount(values.price_minor, values.currency) ?? 0,
      currency: values.currency,
    };
    const body = JSON.stringify(product);
    if (attempt.current.body !== body) attempt.current = { body, key: crypto.randomUUID() };
    return createProduct(session, product, attempt.current.key);
  };
}

function Fields({ errors }: { errors: Errors }) {
  return (
    <>
      <Field label="Name" name="name" error={errors["name"]}>
        {(tied) => <input {...tied} type="text" autocomplete="off" maxLength={200} required />}
      </Field>
      <Field label="Description" name="description" error={errors["description"]} optional>
        {(tied) => <textarea {...tied} rows={3} maxLength={5000} />}
      </Field>
      <div class="pair">
        <Field label="Price" name="price_minor" error={errors["price_minor"]}>
          {(tied) => <input {...tied} type="text" inputMode="decimal" autocomplete="off" maxLength={16} required />}
        </Field>
        <Field label="Currency" name="currency" error={errors["currency"]}>
          {(tied) => (
            <select {...tied}>
              {CURRENCIES.map((currency) => (
                <option key={currency}>{currency}</option>
              ))}
            </select>
          )}
        </Field>
      </div>
    </>
  );
}
