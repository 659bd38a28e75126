import Glibc
import Platform
import PluginAPI
import StandardPlugins

/// The door: takes the command line to its command.
@main
enum Main {
    static func main() async {
        StandardDescriptors.fill()
        Signals.ignorePipe()
        let words = Array(CommandLine.arguments.dropFirst())
        if let problem = GivenArguments.problem(words) {
            Console.standard.error(problem)
            exit(1)
        }
        do throws(PluginAPIError) {
            let registry = try PluginRegistry(
                StandardPlugins.all(helpers: CommandHelper.all))
            let table = CommandTable(helpers: registry.helperCommands)
            if let line = ShellCompletion.question {
                let names = Array(registry.helperCommands.keys)
                for answer in ShellCompletion.answers(to: line, helpers: names) {
                    Console.standard.out(answer)
                }
                exit(0)
            }
            exit(await table.run(words, .standard))
        } catch {
            Console.standard.error("\(error)")
            exit(1)
        }
    }
}
