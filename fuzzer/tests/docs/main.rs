//! What the documents promise: clauses of the specification, the examples of the mechanisms, the lab.

mod lab;
mod mechanism_examples;
mod specification;
