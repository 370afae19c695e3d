import { useState } from "preact/hooks";
import { Button, useAction } from "../components/action.tsx";
import { Dialog } from "../components/dialog.tsx";
import { Field } from "../components/field.tsx";
import { Form } from "../components/form.tsx";
import { Heading } from "../components/heading.tsx";
import { Panel } from "../components/layout.tsx";
import { Failure, Status } from "../components/notice.tsx";
import { PasswordField } from "../components/password-field.tsx";
import { Profile } from "../components/profile.tsx";
import { SignOutButton } from "../components/sign-out-button.tsx";
import { TwoStep } from "../components/two-step.tsx";
import { session } from "../current.ts";
import { call } from "../items.ts";
import type { User } from "../session.ts";

export function Account({ user }: { user: User }) {
  return (
    <>
      <Heading title="Account" />
      <div class="halves">
        <Name user={user} />
        <Password />
        <TwoStep />
        <Panel title="Devices">
          <p class="lead">Lost a device, or used one that is not yours? End every session of this account, this one included.</p>
          <SignOutButton everywhere />
        </Panel>
        <Data user={user} />
      </div>
    </>
  );
}

function Name({ user }: { user: User }) {
  const [news, setNews] = useState("");
  return (
    <Panel title="Profile">
      <Status good>{news}</Status>
      <Form
        submit="Save name"
        save={async ({ name }) => {
          setNews("");
          session.update(await call<User>("/users/me", "PATCH", { body: { name } }));
          setNews("Your name is saved.");
        }}
      >
        <Field label="Name" name="name" wrong="Enter your name." autocomplete="name" maxLength={200} defaultValue={user.name} />
      </Form>
      <Profile user={user} />
    </Panel>
  );
}

function Password() {
  const [changes, setChanges] = useState(0);
  return (
    <Panel title="Password">
      <Status good>{changes > 0 && "Your password is changed."}</Status>
      <Form
        key={changes}
        submit="Change password"
        save={async ({ current_password, new_password }) => {
          await call("/auth/password", "POST", { body: { current_password, new_password } });
          setChanges(changes + 1);
        }}
      >
        <PasswordField label="Current password" name="current_password" />
        <PasswordField label="New password" name="new_password" isNew />
      </Form>
    </Panel>
  );
}

function Data({ user }: { user: User }) {
  const [deleting, setDeleting] = useState(false);
  const [run, busy, failure] = useAction();
  const close = () => setDeleting(false);
  return (
    <Panel title="Your data">
      <p class="lead">Download everything we keep about you, or delete it with your account.</p>
      <Failure>{failure}</Failure>
      <div class="actions">
        <Button busy={busy} onClick={() => void run(download)}>
          Download my data
        </Button>
        <Button kind="danger" onClick={() => setDeleting(true)}>
          Delete account
        </Button>
      </div>
      {deleting && (
        <Dialog title="Delete your account?" onClose={close}>
          <Form
            submit="Delete for ever"
            danger
            save={({ password = "" }) => session.deleteAccount(password)}
            onCancel={close}
          >
            <p class="lead">
              {user.email}, with all its products, will be gone at once. This cannot be undone. Enter your password to
              go on.
            </p>
            <PasswordField />
          </Form>
        </Dialog>
      )}
    </Panel>
  );
}

async function download(): Promise<void> {
  const text = JSON.stringify(await call("/users/me/export"), null, 2);
  const url = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  Object.assign(document.createElement("a"), { href: url, download: "my-data.json" }).click();
  URL.revokeObjectURL(url);
}
