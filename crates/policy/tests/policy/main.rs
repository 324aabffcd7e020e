//! The modes, and what an operator's rules can and cannot do to them.

#[cfg(test)]
mod cost;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod modes;
#[cfg(test)]
mod operator;
#[cfg(test)]
mod random;
#[cfg(test)]
mod world;
