"""Sign-up, sign-in, sessions and users: alone in holding the app client's secret."""
