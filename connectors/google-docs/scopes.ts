const google = 'https://www.googleapis.com/auth/';

export const readonly = `${google}documents.readonly`;
export const readwrite = `${google}documents`;
export const ownFiles = `${google}drive.file`;
export const fileNames = `${google}drive.metadata.readonly`;
export const driveRead = `${google}drive.readonly`;
export const drive = `${google}drive`;
export const email = `${google}userinfo.email`;
