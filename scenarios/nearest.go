package scenarios

import "strings"

// didYouMean ends a message about an unknown word with the known word that is
// nearest to it; it is empty where none is near.
func didYouMean(word string, known []string) string {
	if best := nearest(word, known); best != "" {
		return "; did you mean " + quote(best) + "?"
	}
	return ""
}

// didYouMean is the function of that name, as long as all that has been compared
// for this scenario is no more than a person's file can ask for.
func (r *reader) didYouMean(word string, known []string) string {
	const most = 40_000_000 // pairs of letters
	cost := 0
	for _, k := range known {
		cost += len(k) * min(len(word), longest)
	}
	if r.compared+cost > most {
		return ""
	}
	r.compared += cost
	return didYouMean(word, known)
}

const longest = 100 // no word that a person mistypes is longer

// nearest is the known word that fewest typing slips turn into the given one, the
// first of several, or "" where a third of the letters or more would be wrong.
func nearest(word string, known []string) string {
	best, _, _ := closest(word, known)
	return best
}

// closest is nearest, with the slips that it takes, and how many words are near.
func closest(word string, known []string) (best string, fewest, near int) {
	if len(word) > longest {
		return "", 0, 0
	}
	for _, k := range known {
		if strings.EqualFold(k, word) {
			return k, 0, 1
		}
		allowed := max(1, len(k)/3)
		if len(k) > longest || len(k) < 2 || len(k)-len(word) > allowed || len(word)-len(k) > allowed {
			continue
		}
		if n := slips(word, k); n <= allowed && n < len(k) {
			if near++; near == 1 || n < fewest {
				best, fewest = k, n
			}
		}
	}
	return best, fewest, near
}

// slips is the optimal string alignment distance: letters left out, put in,
// changed, or swapped with the next one.
func slips(a, b string) int {
	var rows [3][longest + 1]int
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		now, last, before := &rows[i%3], &rows[(i+2)%3], &rows[(i+1)%3]
		now[0] = i
		for j := 1; j <= len(b); j++ {
			change := 1
			if a[i-1] == b[j-1] {
				change = 0
			}
			now[j] = min(last[j]+1, now[j-1]+1, last[j-1]+change)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				now[j] = min(now[j], before[j-2]+1)
			}
		}
	}
	return rows[len(a)%3][len(b)]
}

// among lists words for a person: a, b or c.
func among(words []string) string {
	if n := len(words); n > 1 {
		return strings.Join(words[:n-1], ", ") + " or " + words[n-1]
	}
	return strings.Join(words, "")
}
