package task

// German translates common English words, for Macaronic: words whose meaning
// does not depend on the sentence, in their base form.
var German = map[string]string{
	"and": "und", "or": "oder", "not": "nicht", "with": "mit", "without": "ohne",
	"the": "die", "this": "dies", "is": "ist", "are": "sind", "was": "war",
	"has": "hat", "have": "haben", "can": "kann", "does": "tut", "will": "wird",
	"you": "du", "we": "wir", "they": "sie", "he": "er", "she": "sie",
	"what": "was", "which": "welche", "who": "wer", "when": "wann", "where": "wo", "why": "warum", "how": "wie",
	"if": "wenn", "because": "weil", "but": "aber", "more": "mehr", "less": "weniger", "most": "meist",
	"one": "eins", "two": "zwei", "three": "drei", "four": "vier", "five": "fünf", "ten": "zehn",
	"red": "rot", "blue": "blau", "green": "grün", "black": "schwarz", "white": "weiß",
	"house": "Haus", "water": "Wasser", "book": "Buch", "dog": "Hund", "cat": "Katze", "bird": "Vogel",
	"day": "Tag", "year": "Jahr", "city": "Stadt", "country": "Land", "world": "Welt", "people": "Leute",
	"word": "Wort", "sentence": "Satz", "question": "Frage", "answer": "Antwort", "number": "Zahl",
	"good": "gut", "bad": "schlecht", "big": "groß", "small": "klein", "old": "alt", "new": "neu",
	"likely": "wahrscheinlich", "always": "immer", "never": "nie", "true": "wahr", "false": "falsch",
}

// Spanish is as German for Spanish.
var Spanish = map[string]string{
	"and": "y", "or": "o", "not": "no", "with": "con", "without": "sin",
	"the": "el", "this": "esto", "is": "es", "are": "son", "was": "era",
	"has": "tiene", "have": "tienen", "can": "puede", "will": "va",
	"you": "tú", "we": "nosotros", "they": "ellos", "he": "él", "she": "ella",
	"what": "qué", "which": "cuál", "who": "quién", "when": "cuándo", "where": "dónde", "why": "por qué", "how": "cómo",
	"if": "si", "because": "porque", "but": "pero", "more": "más", "less": "menos",
	"one": "uno", "two": "dos", "three": "tres", "four": "cuatro", "five": "cinco", "ten": "diez",
	"red": "rojo", "blue": "azul", "green": "verde", "black": "negro", "white": "blanco",
	"house": "casa", "water": "agua", "book": "libro", "dog": "perro", "cat": "gato", "bird": "pájaro",
	"day": "día", "year": "año", "city": "ciudad", "country": "país", "world": "mundo", "people": "gente",
	"word": "palabra", "sentence": "frase", "question": "pregunta", "answer": "respuesta", "number": "número",
	"good": "bueno", "bad": "malo", "big": "grande", "small": "pequeño", "old": "viejo", "new": "nuevo",
	"likely": "probable", "always": "siempre", "never": "nunca", "true": "verdadero", "false": "falso",
}
