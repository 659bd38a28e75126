import Platform
import PluginAPI
import Primitives

/// `consul keygen`.
struct KeygenCommand: Command {
    let path = ["keygen"]
    let synopsis = "Generates a new encryption key"
    let usage = """
        Usage: consul keygen

          Generates a new 32-byte encryption key that can be used to configure the agent to encrypt
          traffic. The output of this command is already in the proper format that the agent
          expects.
        """
    let flags: [Flag] = []

    func run(_ flags: ParsedFlags, _ console: Console) async -> Int32 {
        console.out(Base64.encode(SystemRandom.bytes(32)))
        return 0
    }
}
