const google = 'https://www.googleapis.com/auth/';

/** gmail.metadata is left out: Gmail refuses texts and searches to a token that holds it, whatever else it holds. */
export const readonly = `${google}gmail.readonly`;
export const send = `${google}gmail.send`;
export const compose = `${google}gmail.compose`;
export const labels = `${google}gmail.labels`;
export const modify = `${google}gmail.modify`;
export const all = 'https://mail.google.com/';
export const email = `${google}userinfo.email`;
