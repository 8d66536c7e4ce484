//! Instances that give each other testcases.

mod instances;
