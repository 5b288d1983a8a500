# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_standfast_global_optspecs
    string join \n h/help
end

function __fish_standfast_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_standfast_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_standfast_using_subcommand
    set -l cmd (__fish_standfast_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c standfast -n "__fish_standfast_needs_command" -s h -l help -d 'Print help'
complete -c standfast -n "__fish_standfast_needs_command" -f -a "demo" -d 'Show a pair failing over, on this machine alone (needs root)'
complete -c standfast -n "__fish_standfast_needs_command" -f -a "check" -d 'Read configuration files as the daemon would, and say what is wrong with them'
complete -c standfast -n "__fish_standfast_needs_command" -f -a "diff" -d 'Show what a reload with another file would do, without doing it'
complete -c standfast -n "__fish_standfast_needs_command" -f -a "show" -d 'Show a configuration as it is understood: every setting with its place, or one tidy file'
complete -c standfast -n "__fish_standfast_needs_command" -f -a "status" -d 'Show how the running daemon stands'
complete -c standfast -n "__fish_standfast_needs_command" -f -a "simulate" -d 'Run routers on a simulated network in simulated time (needs nothing)'
complete -c standfast -n "__fish_standfast_needs_command" -f -a "lsp" -d 'Serve an editor: mistakes while typing, completion, explanations, definitions, renaming'
complete -c standfast -n "__fish_standfast_needs_command" -f -a "reference" -d 'Print the reference of the configuration: manual page, documentation, JSON schema, completion'
complete -c standfast -n "__fish_standfast_needs_command" -f -a "explain" -d 'Say what a keyword or a diagnostic means, with an example'
complete -c standfast -n "__fish_standfast_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c standfast -n "__fish_standfast_using_subcommand demo" -l daemon -d 'The daemon to show, instead of the `keepalived` that was built or installed with this program' -r -F
complete -c standfast -n "__fish_standfast_using_subcommand demo" -l step -d 'Wait for the Enter key before each step'
complete -c standfast -n "__fish_standfast_using_subcommand demo" -l json -d 'Print the report alone, as JSON'
complete -c standfast -n "__fish_standfast_using_subcommand demo" -s h -l help -d 'Print help'
complete -c standfast -n "__fish_standfast_using_subcommand check" -l format -d 'How to say what was found: for people, as JSON, or as SARIF for code hosts and editors' -r -f -a "human\t'Text with the line and a caret'
json\t'One JSON document'
sarif\t'A SARIF 2.1.0 log'"
complete -c standfast -n "__fish_standfast_using_subcommand check" -l id -d 'The configuration id, for lines that begin with @ (the daemon\'s -i)' -r
complete -c standfast -n "__fish_standfast_using_subcommand check" -l host -d 'Check against this host: its interfaces, accounts and programs'
complete -c standfast -n "__fish_standfast_using_subcommand check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c standfast -n "__fish_standfast_using_subcommand diff" -l format -d 'How to say it: for people or as JSON' -r -f -a "human\t'Text'
json\t'One JSON document'"
complete -c standfast -n "__fish_standfast_using_subcommand diff" -l id -d 'The configuration id, for lines that begin with @ (the daemon\'s -i)' -r
complete -c standfast -n "__fish_standfast_using_subcommand diff" -l host -d 'Look for interfaces, accounts and programs on this host instead of taking them to exist'
complete -c standfast -n "__fish_standfast_using_subcommand diff" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c standfast -n "__fish_standfast_using_subcommand show; and not __fish_seen_subcommand_from effective keepalived help" -s h -l help -d 'Print help'
complete -c standfast -n "__fish_standfast_using_subcommand show; and not __fish_seen_subcommand_from effective keepalived help" -f -a "effective" -d 'Every setting with its value and its place, and what the engines obey, as JSON'
complete -c standfast -n "__fish_standfast_using_subcommand show; and not __fish_seen_subcommand_from effective keepalived help" -f -a "keepalived" -d 'One tidy file that reads to the same: nothing left to include, to define or to repeat'
complete -c standfast -n "__fish_standfast_using_subcommand show; and not __fish_seen_subcommand_from effective keepalived help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c standfast -n "__fish_standfast_using_subcommand show; and __fish_seen_subcommand_from effective" -l id -d 'The configuration id, for lines that begin with @ (the daemon\'s -i)' -r
complete -c standfast -n "__fish_standfast_using_subcommand show; and __fish_seen_subcommand_from effective" -l host -d 'Look for interfaces, accounts and programs on this host instead of taking them to exist'
complete -c standfast -n "__fish_standfast_using_subcommand show; and __fish_seen_subcommand_from effective" -s h -l help -d 'Print help'
complete -c standfast -n "__fish_standfast_using_subcommand show; and __fish_seen_subcommand_from keepalived" -l id -d 'The configuration id, for lines that begin with @ (the daemon\'s -i)' -r
complete -c standfast -n "__fish_standfast_using_subcommand show; and __fish_seen_subcommand_from keepalived" -l host -d 'Look for interfaces, accounts and programs on this host instead of taking them to exist'
complete -c standfast -n "__fish_standfast_using_subcommand show; and __fish_seen_subcommand_from keepalived" -s h -l help -d 'Print help'
complete -c standfast -n "__fish_standfast_using_subcommand show; and __fish_seen_subcommand_from help" -f -a "effective" -d 'Every setting with its value and its place, and what the engines obey, as JSON'
complete -c standfast -n "__fish_standfast_using_subcommand show; and __fish_seen_subcommand_from help" -f -a "keepalived" -d 'One tidy file that reads to the same: nothing left to include, to define or to repeat'
complete -c standfast -n "__fish_standfast_using_subcommand show; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c standfast -n "__fish_standfast_using_subcommand status" -l socket -d 'The daemon\'s control socket, which is beside its pid file' -r -F
complete -c standfast -n "__fish_standfast_using_subcommand status" -l json -d 'Print the daemon\'s answer as it came'
complete -c standfast -n "__fish_standfast_using_subcommand status" -s h -l help -d 'Print help'
complete -c standfast -n "__fish_standfast_using_subcommand simulate" -l seed -d 'Make a scenario by chance from this number, and show it' -r
complete -c standfast -n "__fish_standfast_using_subcommand simulate" -l bfd -d 'With --seed: a pair of BFD neighbours instead of routers'
complete -c standfast -n "__fish_standfast_using_subcommand simulate" -l log -d 'Show what the daemons log, too'
complete -c standfast -n "__fish_standfast_using_subcommand simulate" -s h -l help -d 'Print help'
complete -c standfast -n "__fish_standfast_using_subcommand lsp" -l stdio -d 'For editors that always say so; there is no other way'
complete -c standfast -n "__fish_standfast_using_subcommand lsp" -s h -l help -d 'Print help'
complete -c standfast -n "__fish_standfast_using_subcommand reference; and not __fish_seen_subcommand_from man schema markdown completion help" -s h -l help -d 'Print help'
complete -c standfast -n "__fish_standfast_using_subcommand reference; and not __fish_seen_subcommand_from man schema markdown completion help" -f -a "man" -d 'The manual page keepalived.conf(5), for man -l -'
complete -c standfast -n "__fish_standfast_using_subcommand reference; and not __fish_seen_subcommand_from man schema markdown completion help" -f -a "schema" -d 'A JSON schema of the settings that `standfast show effective` prints'
complete -c standfast -n "__fish_standfast_using_subcommand reference; and not __fish_seen_subcommand_from man schema markdown completion help" -f -a "markdown" -d 'The pages of the documentation, one a block'
complete -c standfast -n "__fish_standfast_using_subcommand reference; and not __fish_seen_subcommand_from man schema markdown completion help" -f -a "completion" -d 'Completion of this command line for a shell'
complete -c standfast -n "__fish_standfast_using_subcommand reference; and not __fish_seen_subcommand_from man schema markdown completion help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c standfast -n "__fish_standfast_using_subcommand reference; and __fish_seen_subcommand_from man" -s h -l help -d 'Print help'
complete -c standfast -n "__fish_standfast_using_subcommand reference; and __fish_seen_subcommand_from schema" -s h -l help -d 'Print help'
complete -c standfast -n "__fish_standfast_using_subcommand reference; and __fish_seen_subcommand_from markdown" -s h -l help -d 'Print help'
complete -c standfast -n "__fish_standfast_using_subcommand reference; and __fish_seen_subcommand_from completion" -s h -l help -d 'Print help'
complete -c standfast -n "__fish_standfast_using_subcommand reference; and __fish_seen_subcommand_from help" -f -a "man" -d 'The manual page keepalived.conf(5), for man -l -'
complete -c standfast -n "__fish_standfast_using_subcommand reference; and __fish_seen_subcommand_from help" -f -a "schema" -d 'A JSON schema of the settings that `standfast show effective` prints'
complete -c standfast -n "__fish_standfast_using_subcommand reference; and __fish_seen_subcommand_from help" -f -a "markdown" -d 'The pages of the documentation, one a block'
complete -c standfast -n "__fish_standfast_using_subcommand reference; and __fish_seen_subcommand_from help" -f -a "completion" -d 'Completion of this command line for a shell'
complete -c standfast -n "__fish_standfast_using_subcommand reference; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c standfast -n "__fish_standfast_using_subcommand explain" -s h -l help -d 'Print help'
complete -c standfast -n "__fish_standfast_using_subcommand help; and not __fish_seen_subcommand_from demo check diff show status simulate lsp reference explain help" -f -a "demo" -d 'Show a pair failing over, on this machine alone (needs root)'
complete -c standfast -n "__fish_standfast_using_subcommand help; and not __fish_seen_subcommand_from demo check diff show status simulate lsp reference explain help" -f -a "check" -d 'Read configuration files as the daemon would, and say what is wrong with them'
complete -c standfast -n "__fish_standfast_using_subcommand help; and not __fish_seen_subcommand_from demo check diff show status simulate lsp reference explain help" -f -a "diff" -d 'Show what a reload with another file would do, without doing it'
complete -c standfast -n "__fish_standfast_using_subcommand help; and not __fish_seen_subcommand_from demo check diff show status simulate lsp reference explain help" -f -a "show" -d 'Show a configuration as it is understood: every setting with its place, or one tidy file'
complete -c standfast -n "__fish_standfast_using_subcommand help; and not __fish_seen_subcommand_from demo check diff show status simulate lsp reference explain help" -f -a "status" -d 'Show how the running daemon stands'
complete -c standfast -n "__fish_standfast_using_subcommand help; and not __fish_seen_subcommand_from demo check diff show status simulate lsp reference explain help" -f -a "simulate" -d 'Run routers on a simulated network in simulated time (needs nothing)'
complete -c standfast -n "__fish_standfast_using_subcommand help; and not __fish_seen_subcommand_from demo check diff show status simulate lsp reference explain help" -f -a "lsp" -d 'Serve an editor: mistakes while typing, completion, explanations, definitions, renaming'
complete -c standfast -n "__fish_standfast_using_subcommand help; and not __fish_seen_subcommand_from demo check diff show status simulate lsp reference explain help" -f -a "reference" -d 'Print the reference of the configuration: manual page, documentation, JSON schema, completion'
complete -c standfast -n "__fish_standfast_using_subcommand help; and not __fish_seen_subcommand_from demo check diff show status simulate lsp reference explain help" -f -a "explain" -d 'Say what a keyword or a diagnostic means, with an example'
complete -c standfast -n "__fish_standfast_using_subcommand help; and not __fish_seen_subcommand_from demo check diff show status simulate lsp reference explain help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c standfast -n "__fish_standfast_using_subcommand help; and __fish_seen_subcommand_from show" -f -a "effective" -d 'Every setting with its value and its place, and what the engines obey, as JSON'
complete -c standfast -n "__fish_standfast_using_subcommand help; and __fish_seen_subcommand_from show" -f -a "keepalived" -d 'One tidy file that reads to the same: nothing left to include, to define or to repeat'
complete -c standfast -n "__fish_standfast_using_subcommand help; and __fish_seen_subcommand_from reference" -f -a "man" -d 'The manual page keepalived.conf(5), for man -l -'
complete -c standfast -n "__fish_standfast_using_subcommand help; and __fish_seen_subcommand_from reference" -f -a "schema" -d 'A JSON schema of the settings that `standfast show effective` prints'
complete -c standfast -n "__fish_standfast_using_subcommand help; and __fish_seen_subcommand_from reference" -f -a "markdown" -d 'The pages of the documentation, one a block'
complete -c standfast -n "__fish_standfast_using_subcommand help; and __fish_seen_subcommand_from reference" -f -a "completion" -d 'Completion of this command line for a shell'
