const google = 'https://www.googleapis.com/auth/';

export const readonly = `${google}gmail.readonly`;
export const metadata = `${google}gmail.metadata`;
export const send = `${google}gmail.send`;
export const compose = `${google}gmail.compose`;
export const labels = `${google}gmail.labels`;
export const modify = `${google}gmail.modify`;
export const all = 'https://mail.google.com/';
export const email = `${google}userinfo.email`;
