import Glibc
import Platform
import PluginAPI

/// The entry point: passes the command line to its command.
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
            var table = CommandTable(try PluginRegistry(InstalledPlugins.builtIn))
            if let line = ShellCompletion.question {
                for answer in ShellCompletion.answers(to: line, in: table) {
                    Console.standard.out(answer)
                }
                exit(0)
            }
            if table.needsExternalCommands(words) {
                await InstalledPlugins.addExternalCommands(to: &table, .standard)
            }
            exit(await table.run(words, .standard))
        } catch {
            Console.standard.error("\(error)")
            exit(1)
        }
    }
}
