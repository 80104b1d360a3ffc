package views

const latin = "Quick zephyrs, 123"

// specimen is a line that shows a family: what it has, and no other draws in its place.
func specimen(family string) string {
	lines := map[string]string{
		"Noto Sans Arabic":     "العربية",
		"Noto Sans Hebrew":     "עברית",
		"Noto Sans Devanagari": "देवनागरी",
		"Noto Sans Thai":       "ภาษาไทย",
		"Noto Sans Bengali":    "বাংলা",
		"Noto Sans Gujarati":   "ગુજરાતી",
		"Noto Sans Gurmukhi":   "ਗੁਰਮੁਖੀ",
		"Noto Sans Kannada":    "ಕನ್ನಡ",
		"Noto Sans Malayalam":  "മലയാളം",
		"Noto Sans Oriya":      "ଓଡ଼ିଆ",
		"Noto Sans Sinhala":    "සිංහල",
		"Noto Sans Tamil":      "தமிழ்",
		"Noto Sans Telugu":     "తెలుగు",
		"Noto Sans Khmer":      "ភាសាខ្មែរ",
		"Noto Sans Lao":        "ພາສາລາວ",
		"Noto Sans Myanmar":    "မြန်မာ",
		"Noto Sans Georgian":   "ქართული",
		"Noto Sans Armenian":   "Հայերեն",
		"Noto Sans Ethiopic":   "ግዕዝ",
		"Noto Serif Tibetan":   "བོད་ཡིག",
		"Noto Sans CJK SC":     "永 こんにちは 한글",
		"Noto Color Emoji":     "😀🌍🎉🇭🇷",
		"Noto Sans Symbols":    "⚖⚐⚘⚜",
		"Noto Sans Symbols2":   "☎♞☂✒",
		"Noto Sans Math":       "∑∫∞≠ℝ",
	}
	if line, ok := lines[family]; ok {
		return line
	}
	return latin
}
