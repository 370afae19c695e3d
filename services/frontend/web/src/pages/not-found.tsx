import { CardLayout } from "../components/layout.tsx";

export function NotFound() {
  return (
    <CardLayout title="Page not found">
      <p class="lead">There is no page at this address. It may have moved, or the link may be mistyped.</p>
      <a class="button primary" href="/">
        Go to the start page
      </a>
    </CardLayout>
  );
}
