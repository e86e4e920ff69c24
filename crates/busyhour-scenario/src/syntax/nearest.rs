//! The names that a mistyped one probably meant.

/// Most names suggested at a time.
const SUGGESTIONS_MAX: usize = 3;

/// Longest name that is compared: beyond it nobody mistyped.
const NAME_MAX: usize = 64;

/// Most letters that are wrong in a mistyped name.
const DISTANCE_MAX: usize = 3;

/// Fewest letters of which a name may be the beginning of another.
const BEGINNING_MIN: usize = 4;

/// Says "did you mean …?" with the nearest of `known`, or `otherwise` if none is near.
pub(crate) fn did_you_mean<'a>(
    name: &str,
    known: impl IntoIterator<Item = &'a str>,
    otherwise: &str,
) -> String {
    let near = nearest(name, known);
    match near.as_slice() {
        [] => otherwise.to_owned(),
        [one] => format!("did you mean '{one}'?"),
        [first @ .., last] => {
            let first: Vec<String> = first.iter().map(|name| format!("'{name}'")).collect();
            format!("did you mean {} or '{last}'?", first.join(", "))
        }
    }
}

/// Up to three of `known` that a mistyped name may have meant, the nearest first: at most a third of its letters are
/// wrong, or one begins with the other. Upper and lower case are the same.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    if name.len() > NAME_MAX {
        return Vec::new();
    }
    let limit = (name.chars().count() / 3).clamp(1, DISTANCE_MAX);
    let folded = name.to_ascii_lowercase();
    let mut near: Vec<(usize, &str)> = Vec::new();
    for candidate in known {
        if candidate.len() > NAME_MAX || candidate == name {
            continue;
        }
        let known = candidate.to_ascii_lowercase();
        let distance = distance(&folded, &known);
        // A name of which every letter is wrong is another one.
        let slipped = distance <= limit && distance < known.chars().count();
        let shorter = folded.len().min(known.len());
        let begins = shorter >= BEGINNING_MIN && (known.starts_with(&folded) || folded.starts_with(&known));
        if (slipped || begins) && !near.iter().any(|(_, seen)| *seen == candidate) {
            near.push((distance, candidate));
        }
    }
    near.sort();
    near.truncate(SUGGESTIONS_MAX);
    near.into_iter().map(|(_, candidate)| candidate).collect()
}

/// Edits from one text to the other: insert, delete, replace, or swap neighbours.
fn distance(from: &str, to: &str) -> usize {
    let from: Vec<char> = from.chars().collect();
    let to: Vec<char> = to.chars().collect();
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=to.len()).collect();
    for (i, &a) in from.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, &b) in to.iter().enumerate() {
            let mut best = (last[j] + usize::from(a != b)).min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && a == to[j - 1] && from[i - 1] == b {
                best = best.min(before_last[j - 1] + 1);
            }
            row.push(best);
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_swaps_and_slips() {
        assert_eq!(nearest("lokal_ip", ["local_ip", "remote_ip"]), ["local_ip"]);
        assert_eq!(nearest("recieve", ["receive", "send"]), ["receive"]);
        assert!(nearest("x", ["local_ip"]).is_empty());
    }

    #[test]
    fn says_otherwise_when_nothing_is_near() {
        assert_eq!(did_you_mean("qqqq", ["send"], "no"), "no");
        assert_eq!(did_you_mean("sned", ["send"], "no"), "did you mean 'send'?");
    }
}
