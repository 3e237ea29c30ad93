const KNOWN: &[Known] = &[];
