// Message
