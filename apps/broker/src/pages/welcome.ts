export interface WelcomeState {} export const renderWelcome = (_s: unknown): string => '';
