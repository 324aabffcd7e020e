//! A file of policies cut into its policies, each with its line, within bounds.
//!
//! Cedar's parser recurses with each bracket until the stack is exhausted, so nesting, and with
//! it length, is bounded before it sees any text. The lexical rules are those of the Cedar grammar: strings in double
//! quotes with backslash escapes, comments from `//` to the end of the line, and `;` at the end
//! of each policy and nowhere else.

/// The most bytes that a file of policies may have.
pub const FILE_BYTES_MAX: usize = 256 * 1024;
/// The most tokens that one policy may have.
pub const TOKENS_MAX: usize = 2000;
/// How deep brackets and conditions may nest in one policy.
pub const NESTING_MAX: usize = 32;

/// The text of one policy.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Statement<'a> {
    /// From its first token to its `;`.
    pub(crate) text: &'a str,
    /// The line of its first token, counted from 1.
    pub(crate) line: usize,
}

/// A policy that is over a bound, by the line on which it begins.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct OverBound {
    pub(crate) line: usize,
    pub(crate) why: String,
}

/// Cuts a file. Text that is no Cedar comes out as a statement that Cedar will refuse.
pub(crate) fn split(file: &str) -> Result<Vec<Statement<'_>>, OverBound> {
    let mut statements = Vec::new();
    let mut open: Option<Open> = None;
    let mut lexer = Lexer { rest: file, line: 1 };
    while let Some(token) = lexer.next() {
        let start = file.len() - lexer.rest.len() - token.text.len();
        let statement = open.get_or_insert(Open::at(start, token.line));
        statement.take(token.text)?;
        if token.text == ";" {
            statements.extend(statement.close(file, start + 1));
            open = None;
        }
    }
    statements.extend(open.and_then(|statement| statement.close(file, file.len())));
    Ok(statements)
}

/// A statement whose end was not seen yet.
struct Open {
    start: usize,
    line: usize,
    tokens: usize,
    nesting: usize,
    conditions: usize,
}

impl Open {
    const fn at(start: usize, line: usize) -> Self {
        Self { start, line, tokens: 0, nesting: 0, conditions: 0 }
    }

    fn take(&mut self, token: &str) -> Result<(), OverBound> {
        self.tokens += 1;
        match token {
            "(" | "[" | "{" => self.nesting += 1,
            ")" | "]" | "}" => self.nesting = self.nesting.saturating_sub(1),
            // `if` nests without brackets and has no end of its own.
            "if" => self.conditions += 1,
            _ => {}
        }
        if self.tokens > TOKENS_MAX {
            return Err(self.over(format!("a policy has at most {TOKENS_MAX} tokens")));
        }
        if self.nesting + self.conditions > NESTING_MAX {
            return Err(self.over(format!("a policy nests at most {NESTING_MAX} deep")));
        }
        Ok(())
    }

    fn over(&self, why: String) -> OverBound {
        OverBound { line: self.line, why }
    }

    fn close<'a>(&self, file: &'a str, end: usize) -> Option<Statement<'a>> {
        Some(Statement { text: file.get(self.start..end)?, line: self.line })
    }
}

struct Lexer<'a> {
    rest: &'a str,
    line: usize,
}

struct Token<'a> {
    text: &'a str,
    line: usize,
}

impl<'a> Lexer<'a> {
    fn next(&mut self) -> Option<Token<'a>> {
        loop {
            let blank = self.rest.len() - self.rest.trim_start().len();
            self.advance(blank);
            if !self.rest.starts_with("//") {
                break;
            }
            let comment = self.rest.find(['\n', '\r']).unwrap_or(self.rest.len());
            self.advance(comment);
        }
        let first = self.rest.chars().next()?;
        let length = match first {
            '"' => string_length(self.rest),
            _ if is_word(first) => self.rest.find(|c| !is_word(c)).unwrap_or(self.rest.len()),
            _ => first.len_utf8(),
        };
        let line = self.line;
        let text = self.advance(length);
        Some(Token { text, line })
    }

    /// Steps over `length` bytes and gives them back.
    fn advance(&mut self, length: usize) -> &'a str {
        let (done, rest) = self.rest.split_at_checked(length).unwrap_or((self.rest, ""));
        self.line += done.bytes().filter(|&byte| byte == b'\n').count();
        self.rest = rest;
        done
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The bytes of the string literal that the text begins with, both quotes included.
fn string_length(text: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_and_comments_hide_semicolons() {
        let file = "// a; b\npermit (x) when { \"a;\\\"//\" };\n\n  @id(\";\") forbid; // end;\nrest";
        let found: Vec<_> = split(file).unwrap().iter().map(|s| (s.line, s.text)).collect();
        assert_eq!(
            found,
            [(2, "permit (x) when { \"a;\\\"//\" };"), (4, "@id(\";\") forbid;"), (5, "rest"),]
        );
        assert_eq!(split(" \n// nothing").unwrap(), []);
    }

    #[test]
    fn what_would_recurse_is_bounded() {
        let nested = format!("\npermit {}", "(".repeat(NESTING_MAX + 1));
        assert_eq!(split(&nested).unwrap_err().line, 2);
        assert!(split(&"(".repeat(NESTING_MAX)).is_ok());
        assert!(split(&"if a then b else ".repeat(NESTING_MAX + 1)).is_err());
        assert!(split(&"1 ".repeat(TOKENS_MAX + 1)).is_err());
        assert!(split(&"1 ".repeat(TOKENS_MAX)).is_ok());
    }
}
