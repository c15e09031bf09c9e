export const renderReference = (_d: unknown): string => '';
