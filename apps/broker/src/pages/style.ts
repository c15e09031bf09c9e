export const stylePath = '/pages/style.css'; export const styleText = ''; export const styleHeaders: Record<string,string> = {};
