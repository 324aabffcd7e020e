//! The modes as Cedar policies behind one function, and the decision table of a mode.
