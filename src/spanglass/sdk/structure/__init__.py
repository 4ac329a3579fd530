"""What an application does around its calls to models: workflows, agents, tools, steps, retrieval, waiting."""
