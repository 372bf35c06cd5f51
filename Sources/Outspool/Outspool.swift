// Outspool
