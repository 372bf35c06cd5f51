/// The version that all programs call themselves by, and that their packages have: the one place where it stands.
package let programVersion = "0.1.0"
