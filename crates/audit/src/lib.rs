//! From flows, catalogue and policy to findings, verdicts, evidence and the report.
