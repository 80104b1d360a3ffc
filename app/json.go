package app

// CheckJSON refuses what is not exactly one JSON value with every name once, and
// says where the fault is; what names the text in the message.
func CheckJSON(data []byte, what string) error {
	_, err := parseJSON(data, what)
	return err
}
