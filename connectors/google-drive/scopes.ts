const google = 'https://www.googleapis.com/auth/';

export const names = `${google}drive.metadata.readonly`;
export const readonly = `${google}drive.readonly`;
export const ownFiles = `${google}drive.file`;
export const drive = `${google}drive`;
export const email = `${google}userinfo.email`;
